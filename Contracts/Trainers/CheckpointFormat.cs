using System.Globalization;

namespace Orchestrator.Contracts.Trainers;

/// <summary>
/// Names inside the built-in trainer's checkpoints (safetensors). The metadata hold nothing else: no job, machine or
/// time, or equal states would have different hashes.
/// </summary>
public static class CheckpointFormat
{
    /// <summary>Value of the metadata key <c>format</c>.</summary>
    public const string Format = "orchestrator.checkpoint/1";

    /// <summary>Weights and buffers: <c>model.</c> and the PyTorch state-dict name.</summary>
    public const string ModelPrefix = "model.";

    /// <summary>Optimiser state: <c>optimizer.</c>, the parameter's name, a dot, PyTorch's name of the slot.</summary>
    public const string OptimizerPrefix = "optimizer.";

    /// <summary>State of a rate rule, F64.</summary>
    public const string RulePrefix = "rule.";

    /// <summary>The metadata of a checkpoint.</summary>
    /// <param name="workload">Name of the workload.</param>
    /// <param name="optimizer">Name of the optimiser.</param>
    /// <param name="step">Updates made.</param>
    public static IReadOnlyDictionary<string, string> Metadata(string workload, string optimizer, long step) =>
        new Dictionary<string, string>
        {
            ["format"] = Format,
            ["workload"] = workload,
            ["optimizer"] = optimizer,
            ["step"] = step.ToString(CultureInfo.InvariantCulture),
        };
}
