using System.Text.Json;
using Mono.Cecil;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests;

/// <summary>What each part may depend on, held against the compiled assemblies.</summary>
public sealed class ArchitectureTests
{
    private static readonly string[] Framework = ["System", "netstandard", "mscorlib", "Microsoft.Win32", "Microsoft.CSharp"];

    [Theory]
    [InlineData("Contracts", "Orchestrator.Contracts.dll", "")]
    [InlineData("Bo", "Orchestrator.Bo.dll", "MathNet.Numerics")]
    [InlineData("Grains", "Orchestrator.Grains.dll", "Orchestrator.Bo,Orchestrator.Contracts,Orleans,Microsoft.Extensions")]
    [InlineData("Dashboard", "Orchestrator.Dashboard.dll", "Orchestrator.Contracts,Microsoft.AspNetCore,Microsoft.Extensions")]
    [InlineData("Agent", "orchestrator-agent.dll", "Orchestrator.Contracts,Azure.Storage,Microsoft.Extensions,Prometheus,Polly")]
    [InlineData("Trainer", "orchestrator-trainer.dll", "Orchestrator.Bo,Orchestrator.Contracts,TorchSharp,MathNet.Numerics")]
    [InlineData("Cli", "orchestrator.dll", "Orchestrator.Bo,Orchestrator.Contracts,CsvHelper,YamlDotNet,Spectre.Console")]
    [InlineData("Silo", "orchestrator-silo.dll", "Orchestrator.Bo,Orchestrator.Contracts,Orchestrator.Grains,Orchestrator.Dashboard,Orleans,Microsoft.AspNetCore,Microsoft.Extensions,Microsoft.Net,Microsoft.Data.Sqlite,Microsoft.OpenApi,SQLitePCLRaw,Dapper,Prometheus,Npgsql,Azure.Storage")]
    public void A_part_uses_only_what_it_may(string project, string assembly, string allowed)
    {
        string[] may = [.. Framework, .. allowed.Split(',', StringSplitOptions.RemoveEmptyEntries)];
        using AssemblyDefinition definition = AssemblyDefinition.ReadAssembly(Executables.Path(project, assembly));
        string[] foreign = [.. definition.MainModule.AssemblyReferences.Select(reference => reference.Name)
            .Where(name => !may.Any(prefix => name == prefix || name.StartsWith(prefix + ".", StringComparison.Ordinal)))];
        Assert.Empty(foreign);
    }

    [Theory]
    [InlineData("Silo")]
    [InlineData("Agent")]
    [InlineData("Cli")]
    public void Only_the_trainer_carries_libtorch(string project) =>
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(Executables.Path(project, "x"))!, "libtorch*"));

    /// <summary>What is built together lies in folders of its own: half a copy of another program would be found first, and not start.</summary>
    [Theory]
    [InlineData("Silo")]
    [InlineData("Agent")]
    [InlineData("Cli")]
    public void Every_program_lies_beside_its_assembly(string project)
    {
        string folder = Path.GetDirectoryName(Executables.Path(project, "x"))!;
        string[] programs = [.. Directory.GetFiles(folder, "*.runtimeconfig.json").Select(file => file.Replace(".runtimeconfig.json", ".dll", StringComparison.Ordinal))];
        Assert.NotEmpty(programs);
        Assert.All(programs, program => Assert.True(File.Exists(program), program));
    }

    /// <summary>Two back ends in one folder would take each other's packages; the one that CI restores is the one for the CPU.</summary>
    [Fact]
    public async Task The_trainer_on_CUDA_has_its_own_lock_file_and_folders()
    {
        await using ProgramProcess build = ProgramProcess.Start(
            "dotnet",
            [
                "msbuild", Path.Combine(Executables.Root, "Workers", "Trainer", "Trainer.csproj"), "-p:TorchBackend=cuda", "-p:Configuration=Release",
                "-getProperty:NuGetLockFilePath,OutputPath,IntermediateOutputPath,ProjectAssetsFile",
            ]);
        Assert.Equal(0, await build.ExitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        using JsonDocument answer = JsonDocument.Parse(build.Out);
        JsonElement properties = answer.RootElement.GetProperty("Properties");
        Assert.Equal("packages.cuda.lock.json", properties.GetProperty("NuGetLockFilePath").GetString());
        Assert.All(
            (string[])["OutputPath", "IntermediateOutputPath", "ProjectAssetsFile"],
            name => Assert.Contains("/Trainer.Cuda/", properties.GetProperty(name).GetString()));
    }
}
