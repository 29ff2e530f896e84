using System.Reflection;

namespace Orchestrator.Cli;

/// <summary>The version of this command.</summary>
internal static class ProductVersion
{
    /// <summary>E.g. 0.1.0, or 0.1.0+commit where the build knows it.</summary>
    public static string Text { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
