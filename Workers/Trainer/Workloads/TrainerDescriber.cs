using System.Reflection;
using System.Security.Cryptography;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Trainer.Data;
using Orchestrator.Workers.Trainer.Models;

namespace Orchestrator.Workers.Trainer.Workloads;

/// <summary>Says what this trainer is and can do on a device, without loading libtorch.</summary>
internal static class TrainerDescriber
{
    private static readonly string[] OwnAssemblies =
        ["Orchestrator.Bo.dll", "Orchestrator.Contracts.dll", "TorchSharp.dll", "orchestrator-trainer.dll"];

    /// <summary>The description.</summary>
    /// <param name="data">Where data sets are.</param>
    /// <param name="device"><c>cpu</c> or <c>cuda:N</c>: decides the class.</param>
    /// <param name="threads">Threads of one step.</param>
    internal static TrainerDescription Describe(DataFolders data, string device, int threads)
    {
        var cpu = device == "cpu";
        var (usable, unusable) = data.Describe();
        return new()
        {
            Protocol = TrainerProtocol.Version,
            Trainer = new("orchestrator-trainer", Version, Digest()),
            Deterministic = cpu,
            Class = cpu ? NumericClass.Name(threads) : $"cuda-libtorch{NumericClass.LibTorch}",
            Workloads =
            [
                .. WorkloadCatalog.All.Where(w => cpu || !w.NeedsCpu).Select(w => new WorkloadDescription
                {
                    Name = w.Name,
                    Settings = SettingValues.Schema(w.Settings),
                    Metrics = w.Metrics,
                    Capabilities = [TrainerCapabilities.EarlierLosses],
                }),
            ],
            Data = usable,
            Unusable = unusable.Count == 0 ? null : unusable,
        };
    }

    private static string Version =>
        typeof(TrainerDescriber).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>SHA-256 over the assemblies that decide what is computed, and libtorch's release and build.</summary>
    private static string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var assembly in OwnAssemblies)
        {
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, assembly))));
        }

        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(TorchDevice.HasCudaBuild ? $"{NumericClass.LibTorch}-cuda" : NumericClass.LibTorch));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
