namespace Orchestrator.Workers.Trainer.Models;

/// <summary>A parameter of a model before it has values.</summary>
/// <param name="Name">PyTorch state-dict name.</param>
/// <param name="Shape">Extents.</param>
/// <param name="Initial">How its first values are drawn.</param>
internal sealed record ParameterSpec(string Name, long[] Shape, Initialization Initial)
{
    /// <summary>Number of values.</summary>
    internal long Count => Shape.Aggregate(1L, (a, b) => a * b);

    /// <summary>Weight and bias of a dense layer, uniform ±1/√inputs, as PyTorch draws them.</summary>
    internal static IEnumerable<ParameterSpec> Dense(string name, long inputs, long outputs) =>
    [
        new($"{name}.weight", [outputs, inputs], Initialization.Uniform(inputs)),
        new($"{name}.bias", [outputs], Initialization.Uniform(inputs)),
    ];

    /// <summary>Weight and bias of a convolution with square kernels, uniform ±1/√fan-in.</summary>
    internal static IEnumerable<ParameterSpec> Convolution(string name, long inputs, long outputs, long kernel) =>
    [
        new($"{name}.weight", [outputs, inputs, kernel, kernel], Initialization.Uniform(inputs * kernel * kernel)),
        new($"{name}.bias", [outputs], Initialization.Uniform(inputs * kernel * kernel)),
    ];

    /// <summary>Scale and shift of a layer normalisation: 1 and 0.</summary>
    internal static IEnumerable<ParameterSpec> Norm(string name, long width) =>
    [
        new($"{name}.weight", [width], Initialization.Constant(1)),
        new($"{name}.bias", [width], Initialization.Constant(0)),
    ];

    /// <summary>A table of vectors, N(0, 0.02²).</summary>
    internal static IEnumerable<ParameterSpec> Embedding(string name, long rows, long width) =>
        [new($"{name}.weight", [rows, width], Initialization.Normal(0.02))];
}

/// <summary>How the first values of a parameter are drawn.</summary>
/// <param name="Kind">The distribution.</param>
/// <param name="Scale">Bound of a uniform one, standard deviation of a normal one, or the constant.</param>
internal sealed record Initialization(InitializationKind Kind, double Scale)
{
    /// <summary>Uniform on ±1/√<paramref name="fanIn"/>.</summary>
    internal static Initialization Uniform(long fanIn) => new(InitializationKind.Uniform, 1 / Math.Sqrt(fanIn));

    /// <summary>Normal with mean 0.</summary>
    internal static Initialization Normal(double deviation) => new(InitializationKind.Normal, deviation);

    /// <summary>The same everywhere.</summary>
    internal static Initialization Constant(double value) => new(InitializationKind.Constant, value);
}

/// <summary>See <see cref="Initialization"/>.</summary>
internal enum InitializationKind
{
    Uniform,
    Normal,
    Constant,
}
