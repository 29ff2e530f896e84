using Orchestrator.Contracts.Client;

namespace Orchestrator.Cli.Local;

/// <summary>
/// A silo and an agent of this command's own, on free ports, their state in one folder. A child that dies is started
/// again; all of them end with this process, however it ends.
/// </summary>
internal sealed class LocalCluster(Session session, string state, int slots, string data) : IAsyncDisposable
{
    private const int MostRestarts = 20;

    /// <summary>Exit code of a process that SIGKILL ended.</summary>
    private const int Killed = 128 + 9;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);

    private ChildProcess? _silo;
    private ChildProcess? _agent;
    private string? _listen;
    private int _restarts;

    /// <summary>What is to be said of the children, for a live picture; null = nothing. Elsewhere it is printed.</summary>
    public string? LastNote { get; private set; }

    private string AddressFile => Path.Combine(state, "address");

    private string SiloLog => Path.Combine(state, "silo.log");

    private string AgentLog => Path.Combine(state, "agent.log");

    /// <summary>Starts both; returns the silo's address.</summary>
    /// <exception cref="BadInputException">The silo ended at once; the message has its words.</exception>
    public async Task<Uri> StartAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(state);
        Uri server = await StartSiloAsync(ct);
        StartAgent(server);
        return server;
    }

    /// <summary>Starts a dead child again until told to stop.</summary>
    /// <exception cref="BadInputException">One does not start, or ends again and again; the message has its words.</exception>
    public async Task WatchAsync(Uri server, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250), session.Time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            if (_silo!.HasExited)
            {
                await NoteAsync(_silo, SiloLog, ct);
                await StartSiloAsync(ct);
            }

            if (_agent!.HasExited)
            {
                await NoteAsync(_agent, AgentLog, ct);
                StartAgent(server);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess? child in new[] { _agent, _silo })
        {
            if (child is not null)
            {
                await child.EndAsync(Patience, session.Time);
                child.Dispose();
            }
        }
    }

    private async Task NoteAsync(ChildProcess dead, string log, CancellationToken ct)
    {
        // A child that refuses its options refuses them again.
        int code = dead.ExitCode;
        if (code == ExitCodes.BadInput || ++_restarts > MostRestarts)
        {
            await dead.DrainAsync(ct);
            throw new BadInputException($"{dead.Name} does not run (exit code {code}): {await LastWordsAsync(log, ct)}");
        }

        LastNote = $"{dead.Name} ended (exit code {code}) and is started again; its words are in {log}";
        if (!session.Terminal)
        {
            session.Error.WriteLine(LastNote);
        }

        dead.Dispose();
    }

    private async Task<Uri> StartSiloAsync(CancellationToken ct)
    {
        File.Delete(AddressFile);
        _silo = ChildProcess.Start(
            ChildProcess.Find("Silo", "orchestrator-silo"),
            [
                "--store", Path.Combine(state, "store"), "--blobs", Path.Combine(state, "blobs"),
                "--listen", _listen ?? "127.0.0.1:0", "--address-file", AddressFile,
                "--parent-pid", Environment.ProcessId.ToString(),
                "--heartbeat-seconds", "1", "--lease-seconds", "12", "--grace-seconds", "3",
            ],
            SiloLog);
        long began = session.Time.GetTimestamp();
        while (!File.Exists(AddressFile))
        {
            if (_silo.HasExited && _silo.ExitCode == Killed)
            {
                // By somebody, or for memory: unlike one that ends by itself, it may do better the next time.
                await NoteAsync(_silo, SiloLog, ct);
                return await StartSiloAsync(ct);
            }

            if (_silo.HasExited || session.Time.GetElapsedTime(began) > StartLimit)
            {
                await _silo.DrainAsync(ct);
                throw new BadInputException($"The silo did not start: {await LastWordsAsync(SiloLog, ct)}");
            }

            await Task.Delay(Poll, session.Time, ct);
        }

        var server = new Uri((await File.ReadAllTextAsync(AddressFile, ct)).Trim());
        _listen = $"{server.Host}:{server.Port}";
        return server;
    }

    private static async Task<string> LastWordsAsync(string log, CancellationToken ct)
    {
        if (!File.Exists(log))
        {
            return "";
        }

        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        string text = await reader.ReadToEndAsync(ct);
        return string.Join(Environment.NewLine, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(5));
    }

    private void StartAgent(Uri server) => _agent = ChildProcess.Start(
        ChildProcess.Find("Agent", "orchestrator-agent"),
        [
            "--server", server.ToString(), "--name", "local", "--slots", slots.ToString(), "--data", data,
            "--state", Path.Combine(state, "agent"), "--blobs", Path.Combine(state, "blobs"), "--allow-command",
            "--parent-pid", Environment.ProcessId.ToString(),
        ],
        AgentLog);
}
