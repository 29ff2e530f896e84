namespace Orchestrator.Grains.Jobs;

/// <summary>What a job does next: pure functions from its state to events.</summary>
public static partial class JobMachine
{
}
