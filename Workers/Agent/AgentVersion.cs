using System.Reflection;

namespace Orchestrator.Workers.Agent;

/// <summary>Version of this program.</summary>
internal static class AgentVersion
{
    /// <summary>With the source revision, where the build knew it.</summary>
    internal static string Full { get; } =
        typeof(AgentVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>Without it.</summary>
    internal static string Short { get; } = Full.Split('+')[0];
}
