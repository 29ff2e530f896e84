using MathNet.Numerics.Statistics;

namespace Orchestrator.Benchmarks.OnTheClock;

/// <summary>Something that the comparison is to bear out, or not.</summary>
/// <param name="Workload">On what.</param>
/// <param name="Method">Of which method.</param>
/// <param name="What">What is claimed, in words.</param>
/// <param name="Bound">It holds where what was measured is at most this.</param>
/// <param name="Share">Whether the figures are shares, to be printed as per cents.</param>
/// <param name="Measure">Measures it; NaN or null = it cannot be.</param>
internal sealed record Claim(string Workload, string Method, string What, double Bound, bool Share, Func<ClockSummary, double?> Measure)
{
    /// <summary>All there are.</summary>
    public static IReadOnlyList<Claim> All { get; } =
    [
        .. ((string[])["mlp", "cnn", "charlm", "cnn-2200", "mlp-8000", "cnn-6000"]).Select(workload => Cost(workload, "annealed", 1.30)),
        Less("mlp", "annealed", "cosine-grid", 0),
        Less("cnn", "annealed", "cosine-grid", 0.01),
        Less("charlm", "annealed", "cosine-grid", 0.01),
        Lost("mlp"),
        Lost("cnn"),
        new("charlm", "annealed", "bits per byte on test over those of cosine-grid, same seeds", 0.005, true,
            row => row.Over("cosine-grid", "test_bits_per_byte")?.Mean),
        Less("mlp", "annealed", "halving", -0.01),
        Less("cnn", "annealed", "halving", 0),
        Less("charlm", "annealed", "halving", -0.01),
        new("cnn-2200", "annealed", "mean validation loss", 0.235, false, row => row.Validation.Mean()),
        Less("mlp-8000", "annealed-race", "cosine-grid", 0.01),
        Less("cnn-6000", "annealed-race", "cosine-grid", 0.03),
        .. ((string[])["mlp-8000", "cnn-6000"]).SelectMany(workload => (Claim[])
        [
            Cost(workload, "annealed-race", 2.0),
            Path(workload, "annealed-race"),
        ]),
        .. ((string[])["low", "high", "down", "up", "wide"]).SelectMany(range => (Claim[])
        [
            Less("mlp", $"annealed-{range}", "annealed", 0.015),
            Cost("mlp", $"annealed-{range}", 1.31),
            new("mlp", $"annealed-{range}", "runs without a model", 0, false, row => row.Failed),
        ]),
        .. ((string[])["mlp", "cnn", "charlm", "cnn-2200"]).SelectMany(workload => (Claim[])
        [
            Cost(workload, "annealed-8", 1.45),
            Path(workload, "annealed-8"),
            new(workload, "annealed-8", "wall clock on 8 slots over a plain training, in seconds, every run", 1.10, false, row => Largest(row.WallsOverPlain)),
        ]),
        .. ((string[])["mlp", "cnn", "charlm", "cnn-2200"]).SelectMany(workload => (Claim[])
        [
            Less(workload, "autolrs", "cosine-grid", 0),
            Less(workload, "autolrs", "autolrs-reference", 0),
            Cost(workload, "autolrs", 1.30),
        ]),
        Less("fashion-cnn", "autolrs", "autolrs-reference", 0),
        Less("fashion-cnn", "autolrs", "cosine-0.1", 0),
    ];

    private static Claim Cost(string workload, string method, double bound) =>
        new(workload, method, "total steps over a training, every run", bound, false, row => Largest(row.Totals));

    private static Claim Path(string workload, string method) =>
        new(workload, method, "critical path on 8 slots over a plain training, in steps, every run", 1.10, false, row => Largest(row.CriticalPaths));

    /// <summary>Accuracy on test that is lost, in points.</summary>
    private static Claim Lost(string workload) => new(
        workload, "annealed", "accuracy on test below that of cosine-grid, in points, means", 0.2, false,
        row => 100 * (row.Of("cosine-grid").Mean("test_accuracy") - row.Mean("test_accuracy")));

    private static Claim Less(string workload, string method, string baseline, double bound) =>
        new(workload, method, $"validation loss over that of {baseline}, same seeds", bound, true, row => row.Over(baseline)?.Mean);

    private static double? Largest(double[] values) => values.Length == 0 ? null : values.Max();
}
