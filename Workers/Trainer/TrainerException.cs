using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer;

/// <summary>
/// The request comes to nothing. Whoever serves requests answers <c>failed</c> with <see cref="Kind"/> and the message;
/// nobody else catches it.
/// </summary>
internal sealed class TrainerException(FailureKind kind, string message, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>What the agent is told.</summary>
    internal FailureKind Kind { get; } = kind;

    /// <summary>The request can never succeed as it is.</summary>
    internal static TrainerException BadInput(string message, Exception? inner = null) =>
        new(FailureKind.BadInput, message, inner);

    /// <summary>The guard fired.</summary>
    internal static TrainerException Diverged(long step, double? lastFiniteLoss, string message) =>
        new(FailureKind.Diverged, message) { Step = step, LastFiniteLoss = lastFiniteLoss };

    /// <summary>Diverged: the step that was not applied.</summary>
    internal long? Step { get; private init; }

    /// <summary>Diverged: the last finite loss, if there was one.</summary>
    internal double? LastFiniteLoss { get; private init; }
}
