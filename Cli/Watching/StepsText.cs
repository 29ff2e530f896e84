using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Watching;

/// <summary>Steps by purse, in words.</summary>
internal static class StepsText
{
    /// <summary>E.g. "1100 training + 293 search + 9 evaluation = 1.27 × training".</summary>
    public static string Of(StepCounts steps) =>
        $"{steps.Training} training + {steps.Search} search + {steps.Evaluation} evaluation = {(double)steps.Charged / Math.Max(1, steps.Training):F2} × training";
}
