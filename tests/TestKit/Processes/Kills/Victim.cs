namespace Orchestrator.TestKit.Processes.Kills;

/// <summary>What is killed.</summary>
public enum Victim
{
    /// <summary>A trainer; its agent starts another.</summary>
    Trainer,

    /// <summary>An agent, and with it its trainers; it is started again at once.</summary>
    Agent,

    /// <summary>The silo; it is started again at once, on the same store and port.</summary>
    Silo,
}
