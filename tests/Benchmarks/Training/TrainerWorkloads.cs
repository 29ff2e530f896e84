namespace Orchestrator.Benchmarks.Training;

/// <summary>The models that the trainer is measured with.</summary>
internal static class TrainerWorkloads
{
    /// <summary>Name, workload, settings.</summary>
    public static readonly (string Name, string Workload, string Settings)[] All =
    [
        ("mlp", "image-classification", """{ "dataset": "fashion-mnist", "model": "mlp", "optimizer": "sgd", "momentum": 0.9, "weightDecay": 5e-4, "batchSize": 128 }"""),
        ("cnn", "image-classification", """{ "dataset": "fashion-mnist", "model": "cnn", "optimizer": "sgd", "momentum": 0.9, "weightDecay": 5e-4, "batchSize": 128 }"""),
        ("transformer", "language-model", """{ "dataset": "tinyshakespeare", "optimizer": "adamw", "weightDecay": 0.1 }"""),
    ];

    /// <summary>Folders of data: what was given, the environment's, what ships.</summary>
    public static string Data(string? given) => string.Join(':', new[]
    {
        given ?? Environment.GetEnvironmentVariable("ORCHESTRATOR_DATA") ?? "", TestKit.Processes.Executables.ShippedData,
    }.Where(folder => folder.Length > 0));
}
