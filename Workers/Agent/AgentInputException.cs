namespace Orchestrator.Workers.Agent;

/// <summary>The agent cannot start as it was asked to. The message is for people; catch it in Main: exit code 2.</summary>
internal sealed class AgentInputException(string message) : Exception(message);
