using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Client;

namespace Orchestrator.Cli;

/// <summary>What a command has to do with the world: streams, clock, environment, and how to reach a server.</summary>
internal sealed class Session
{
    /// <summary>Where results go. With --json, nothing but JSON.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Where refusals and notes go.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Reads an environment variable; null = not set.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>Whether <see cref="Out"/> is a terminal that can be redrawn.</summary>
    public required bool Terminal { get; init; }

    /// <summary>The jobs API of a server, with a key where one is wanted.</summary>
    public required Func<Uri, string?, IJobsApi> Connect { get; init; }

    /// <summary>Writes one JSON document to <see cref="Out"/>.</summary>
    public void WriteJson<T>(T value) => Out.WriteLine(JsonSerializer.Serialize(value, WireJson.Indented));

    /// <summary>Writes one JSON document a line to <see cref="Out"/>.</summary>
    public void WriteJsonLine<T>(T value) => Out.WriteLine(JsonSerializer.Serialize(value, WireJson.Options));
}
