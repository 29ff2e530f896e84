using System.Globalization;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Agent.Trainers;

/// <summary>
/// The environment of a trainer: what programs need to run at all, what pins the numeric class, and the device. Nothing
/// else of the agent's gets through, keys and tokens least of all.
/// </summary>
internal static class TrainerEnvironment
{
    private static readonly string[] Allowed =
    [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
        "LD_LIBRARY_PATH", "DOTNET_ROOT", "DOTNET_ROOT_X64", "DOTNET_ROOT_ARM64",
        "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX", "CUDA_DEVICE_ORDER",
    ];

    /// <summary>Where the built-in trainer looks for data sets unless it is told.</summary>
    internal const string DataVariable = "ORCHESTRATOR_DATA";

    /// <summary>The GPUs that programs may use, where not all: a batch system sets it.</summary>
    internal const string VisibleVariable = "CUDA_VISIBLE_DEVICES";

    /// <summary>The environment for a device and a number of threads.</summary>
    /// <param name="device">cpu, or cuda:N: then only that device is visible, as cuda:0.</param>
    /// <param name="threads">Threads of a step, at least 1.</param>
    /// <param name="data">Folders of data sets; null = as the agent's own environment says.</param>
    internal static IReadOnlyDictionary<string, string> For(string device, int threads, string? data)
    {
        var environment = new Dictionary<string, string>();
        foreach (string name in Allowed)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                environment[name] = value;
            }
        }

        foreach ((string name, string value) in NumericClass.Environment(threads))
        {
            environment[name] = value;
        }

        environment[VisibleVariable] = Visible(device, Environment.GetEnvironmentVariable(VisibleVariable)) ?? "";
        if ((data ?? Environment.GetEnvironmentVariable(DataVariable)) is { } folders)
        {
            environment[DataVariable] = folders;
        }

        return environment;
    }

    /// <summary>The device's name as the trainer sees it: the only one of its kind.</summary>
    internal static string VisibleName(string device) => CudaIndex(device) is null ? device : "cuda:0";

    /// <summary>What a trainer's own list of GPUs says for a device; null = nothing is on it: the device is no GPU, or not on the agent's list.</summary>
    /// <param name="device">cpu, or cuda:N, counted within the agent's list.</param>
    /// <param name="list">The agent's own list: numbers, or names, separated by commas; null or empty = all GPUs.</param>
    internal static string? Visible(string device, string? list) => CudaIndex(device) is not { } index ? null
        : string.IsNullOrWhiteSpace(list) ? index
        : list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(int.Parse(index, CultureInfo.InvariantCulture));

    private static string? CudaIndex(string device) =>
        device.StartsWith("cuda:", StringComparison.Ordinal) ? device["cuda:".Length..] : null;
}
