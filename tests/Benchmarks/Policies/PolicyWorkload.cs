namespace Orchestrator.Benchmarks.Policies;

/// <summary>A training problem that policies are compared on.</summary>
/// <param name="Name">Short name.</param>
/// <param name="Workload">Workload of the built-in trainer.</param>
/// <param name="Settings">Its settings as JSON.</param>
/// <param name="MinRate">Lower end of the range a search is given.</param>
/// <param name="MaxRate">Upper end of it.</param>
/// <param name="Steps">Steps of a run.</param>
/// <param name="Peaks">Peaks of the cosine grid it is compared with.</param>
internal sealed record PolicyWorkload(
    string Name, string Workload, string Settings, double MinRate, double MaxRate, long Steps, double[] Peaks)
{
    private const string Sgd = """ "optimizer": "sgd", "momentum": 0.9, "weightDecay": 5e-4, "batchSize": 128 """;
    private static readonly double[] SgdPeaks = [0.01, 0.03, 0.1, 0.2, 0.4];
    private static readonly double[] AdamPeaks = [5e-4, 1e-3, 2e-3, 4e-3, 8e-3];

    /// <summary>Those there are.</summary>
    public static IReadOnlyList<PolicyWorkload> All { get; } =
    [
        new("mlp", "image-classification", $$"""{ "dataset": "fashion-mnist", "model": "mlp", {{Sgd}} }""", 1e-4, 1, 2000, SgdPeaks),
        new("cnn", "image-classification", $$"""{ "dataset": "fashion-mnist", "model": "cnn", {{Sgd}} }""", 1e-4, 1, 1200, SgdPeaks),
        new(
            "charlms",
            "language-model",
            """{ "dataset": "tinyshakespeare", "width": 64, "layers": 2, "optimizer": "adamw", "beta2": 0.95, "weightDecay": 0.1, "batchSize": 8 }""",
            1e-5, 3e-2, 1000, AdamPeaks),
        new(
            "digits",
            "image-classification",
            """{ "dataset": "digits", "model": "mlp", "hidden": 64, "optimizer": "sgd", "momentum": 0.9, "weightDecay": 5e-4, "batchSize": 64 }""",
            1e-4, 1, 1100, SgdPeaks),
        new("quadratic", "noisy-quadratic", "{}", 1e-4, 1, 1600, SgdPeaks),
    ];
}
