namespace Orchestrator.Workers.Agent.Storage;

/// <summary>
/// What an agent keeps on disk: results that wait (<see cref="Spool"/>), checkpoints (<see cref="Checkpoints"/>) and
/// the trainers' working files (<see cref="Scratch"/>). One agent at a time, held by a lock that ends with the process.
/// </summary>
internal sealed class StateFolder : IDisposable
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(100);

    /// <summary>EWOULDBLOCK, of flock.</summary>
    private const int HeldByAnother = 11;

    private readonly FileStream _lock;

    private StateFolder(string path)
    {
        _lock = new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            Spool = Directory.CreateDirectory(Path.Combine(path, "spool")).FullName;
            Checkpoints = Directory.CreateDirectory(Path.Combine(path, "checkpoints")).FullName;
            Scratch = Path.Combine(path, "scratch");
            if (Directory.Exists(Scratch))
            {
                // Whatever an earlier run of the agent left here belongs to segments that are offered again.
                Directory.Delete(Scratch, recursive: true);
            }

            Scratch = Directory.CreateDirectory(Scratch).FullName;
        }
        catch
        {
            _lock.Dispose(); // Else the next try would find it held, by this process.
            throw;
        }
    }

    /// <summary>Results no silo has received yet.</summary>
    internal string Spool { get; }

    /// <summary>Checkpoint cache.</summary>
    internal string Checkpoints { get; }

    /// <summary>Working files of the trainers; empty at every start.</summary>
    internal string Scratch { get; }

    /// <summary>
    /// Creates and locks the folder. An agent that was just killed, or that is about to notice that its parent was, is
    /// given two seconds to let go.
    /// </summary>
    /// <exception cref="AgentInputException">It is another running agent's, or cannot be used.</exception>
    internal static async Task<StateFolder> OpenAsync(string path, TimeProvider time, CancellationToken stopping)
    {
        long started = time.GetTimestamp();
        while (true)
        {
            try
            {
                Directory.CreateDirectory(path);
                return new StateFolder(Path.GetFullPath(path));
            }
            catch (UnauthorizedAccessException e)
            {
                throw new AgentInputException($"The state folder {path} cannot be written ({e.Message}); choose another with --state.");
            }
            catch (IOException e) when (!Directory.Exists(path))
            {
                throw new AgentInputException($"The state folder {path} cannot be created ({e.Message}); choose another with --state.");
            }
            catch (IOException e) when (time.GetElapsedTime(started) >= LockPatience)
            {
                throw new AgentInputException(e.HResult == HeldByAnother
                    ? $"The state folder {path} is in use by another agent ({e.Message}); give each agent its own --name or --state."
                    : $"The state folder {path} cannot be used ({e.Message}); mend it, or choose another with --state.");
            }
            catch (IOException)
            {
                await Task.Delay(LockRetry, time, stopping);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();
}
