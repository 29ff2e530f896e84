using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.TestKit.Training;

/// <summary>The guard of test trainers: that of the searches, with the limits of a segment.</summary>
internal static class GuardedLosses
{
    /// <summary>What watches the losses of a segment; without limits it never fires.</summary>
    internal static LossRise ToLossRise(this DivergenceLimits? limits) =>
        new(limits?.MaxLossRise, limits?.Patience ?? 1, limits?.ReferenceLoss, limits?.EarlierLosses);
}
