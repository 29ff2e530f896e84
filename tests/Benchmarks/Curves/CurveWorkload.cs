using Orchestrator.Benchmarks.Policies;

namespace Orchestrator.Benchmarks.Curves;

/// <summary>What curves are recorded of.</summary>
/// <param name="Trained">What is trained; its peaks are the rates of the forks, its steps their length.</param>
/// <param name="PathRate">Constant rate of the run that is forked.</param>
/// <param name="Starts">Steps of that run at which it is forked, one stage each, multiples of <see cref="Every"/>.</param>
/// <param name="Every">Steps between two validations.</param>
internal sealed record CurveWorkload(PolicyWorkload Trained, double PathRate, long[] Starts, long Every)
{
    /// <summary>Those there are: other models, optimisers and widths than those the forecaster was made with.</summary>
    public static IReadOnlyList<CurveWorkload> All { get; } =
    [
        new(
            new("cnn-sgd", "image-classification", """{ "dataset": "fashion-mnist", "model": "cnn", "momentum": 0.9, "weightDecay": 5e-4, "batchSize": 128 }""", 0.003, 0.4, 400, [0.003, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4]),
            0.05, [0, 400, 1200], 5),
        new(
            new("mlp-adamw", "image-classification", """{ "dataset": "fashion-mnist", "model": "mlp", "hidden": 128, "optimizer": "adamw", "weightDecay": 0.01, "batchSize": 64 }""", 1e-4, 0.03, 600, [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]),
            1e-3, [0, 600, 1800], 6),
        new(
            new("digits-adamw", "image-classification", """{ "dataset": "digits", "model": "mlp", "hidden": 64, "optimizer": "adamw", "weightDecay": 0.01, "batchSize": 32 }""", 1e-4, 0.1, 400, [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]),
            1e-3, [0, 200, 600, 1200], 4),
        new(
            new("charlm-32", "language-model", """{ "dataset": "tinyshakespeare", "context": 64, "width": 32, "layers": 2, "heads": 4, "optimizer": "adamw", "beta2": 0.95, "weightDecay": 0.1, "batchSize": 8 }""", 3e-4, 0.03, 240, [3e-4, 1e-3, 2e-3, 5e-3, 1e-2, 3e-2]),
            3e-3, [0, 240, 720], 4),
        new(
            new("charlm-128", "language-model", """{ "dataset": "tinyshakespeare", "context": 32, "width": 128, "layers": 1, "heads": 8, "optimizer": "adamw", "beta2": 0.95, "weightDecay": 0.1, "batchSize": 8 }""", 3e-4, 0.03, 240, [3e-4, 1e-3, 2e-3, 5e-3, 1e-2, 3e-2]),
            2e-3, [0, 240, 720], 4),
    ];
}
