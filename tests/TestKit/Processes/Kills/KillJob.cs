using System.Text.Json;

namespace Orchestrator.TestKit.Processes.Kills;

/// <summary>
/// The job that processes are killed under: real training on the digits that ship with the project, a wave of six
/// probes for each of three stages, so that two slots are busy nearly all the time.
/// </summary>
public static class KillJob
{
    /// <summary>No segment is longer.</summary>
    public const int SegmentSteps = 140;

    /// <summary>Kills come after fewer segments than this, so that a wave of probes is still to come.</summary>
    public const int LastMoment = 15;

    /// <summary>The job file.</summary>
    public static JsonElement Spec { get; } = JsonDocument.Parse($$"""
        {
          "name": "kills",
          "trainer": {
            "workload": "image-classification",
            "settings": { "dataset": "digits", "model": "mlp", "hidden": 64, "batchSize": 256 }
          },
          "objective": { "metric": "validation_loss", "type": "minimize" },
          "steps": 600,
          "segmentSteps": {{SegmentSteps}},
          "schedule": {
            "algorithm": "autolrs",
            "range": { "min": 1e-3, "max": 0.5 },
            "settings": { "candidates": 6, "stageSteps": 200, "probeSteps": {{SegmentSteps}} }
          }
        }
        """).RootElement;

    /// <summary>
    /// A job of waves of up to eight probes, of arms that are extended and forked, and of a race of three to the middle of
    /// training. Its segments are as long.
    /// </summary>
    public static JsonElement Racing { get; } = JsonDocument.Parse($$"""
        {
          "name": "kills-race",
          "trainer": {
            "workload": "image-classification",
            "settings": { "dataset": "digits", "model": "mlp", "hidden": 64, "batchSize": 256 }
          },
          "objective": { "metric": "validation_loss", "type": "minimize" },
          "steps": 900,
          "segmentSteps": {{SegmentSteps}},
          "parallelTrialCount": 8,
          "schedule": {
            "algorithm": "annealed",
            "range": { "min": 1e-4, "max": 1 },
            "settings": { "race": 2 }
          }
        }
        """).RootElement;
}
