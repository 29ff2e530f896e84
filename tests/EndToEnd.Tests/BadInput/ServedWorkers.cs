using System.Text;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;
using Orchestrator.EndToEnd.Tests.BadInput;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Data;
using Orchestrator.TestKit.Processes;

[assembly: AssemblyFixture(typeof(ServedWorkers))]

namespace Orchestrator.EndToEnd.Tests.BadInput;

/// <summary>
/// A silo with one agent that takes everything, with good and broken data sets, and one in the pool `closed` that takes
/// no command. Shared by tests of bad input: it outlives all of them, which is part of what they hold.
/// </summary>
public sealed class ServedWorkers : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private ServedCluster? _cluster;

    /// <summary>Folder of the data sets.</summary>
    public string Data => _folder.File("data");

    /// <summary>Address of the silo.</summary>
    public string Server => _cluster!.Silo.Address.ToString();

    /// <summary>The silo's API.</summary>
    public HttpJobsApi Api => _cluster!.Api;

    /// <summary>A path for a test's own files.</summary>
    public string File(string name) => _folder.File(name);

    /// <summary>Submits a job file with the command and waits for its end.</summary>
    public async Task<(int Code, string Out, string Error)> SubmitAsync(string name, string job)
    {
        string path = File($"{name}.yaml");
        await System.IO.File.WriteAllTextAsync(path, job);
        return await OrchestratorCommand.RunAsync("submit", path, "--server", Server, "--wait");
    }

    /// <summary>Holds that the silo answers and its agents live; nobody starts them anew.</summary>
    public async Task AssertAliveAsync()
    {
        Assert.All(_cluster!.Agents, agent => Assert.True(agent.IsAlive, agent.Output));
        Page<WorkerView> workers = await Api.WorkersAsync();
        Assert.All(_cluster.Agents, agent => Assert.Contains(workers.Items, worker => worker.Worker == agent.Name));
    }

    public async ValueTask InitializeAsync()
    {
        WriteData();
        _cluster = await ServedCluster.StartAsync(LeaseTimes.Short, []);
        _cluster.Add("open", 2, "--data", $"{Data}:{Executables.ShippedData}", "--allow-command").Start();
        _cluster.Add("careful", 1, "--pool", "closed").Start();
        await _cluster.RegisteredAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        _folder.Dispose();
    }

    private void WriteData()
    {
        ImageFiles.Write(Set("own-images"));
        ImageFiles.Write(Set("ten-images"), training: 10, test: 1);
        ImageFiles.Write(Set("three-files"));
        System.IO.File.Delete(Path.Combine(Set("three-files"), "t10k-labels-idx1-ubyte"));
        ImageFiles.Write(Set("truncated"));
        Compress(Path.Combine(Set("truncated"), "train-images-idx3-ubyte"), keep: 0.5);
        ImageFiles.Write(Set("wrong-magic"));
        Overwrite(Path.Combine(Set("wrong-magic"), "train-labels-idx1-ubyte"), "PNG!"u8);
        Text("own-text", [.. Enumerable.Range(0, 4000).SelectMany(i => Encoding.UTF8.GetBytes($"line {i}, naïve\n"))]);
        Text("short-text", "too short"u8);
        Text("latin1", [.. Enumerable.Repeat((byte)'a', 5000), 0xE9, .. Enumerable.Repeat((byte)'b', 5000)]);
    }

    private string Set(string name) => Path.Combine(Data, name);

    private void Text(string name, ReadOnlySpan<byte> text)
    {
        Directory.CreateDirectory(Set(name));
        System.IO.File.WriteAllBytes(Path.Combine(Set(name), "text.txt"), text.ToArray());
    }

    private static void Overwrite(string path, ReadOnlySpan<byte> beginning)
    {
        using FileStream file = System.IO.File.OpenWrite(path);
        file.Write(beginning);
    }

    private static void Compress(string path, double keep)
    {
        using var whole = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(whole, System.IO.Compression.CompressionLevel.Fastest))
        {
            gzip.Write(System.IO.File.ReadAllBytes(path));
        }

        System.IO.File.WriteAllBytes(path + ".gz", whole.ToArray()[..(int)(whole.ToArray().Length * keep)]);
        System.IO.File.Delete(path);
    }
}
