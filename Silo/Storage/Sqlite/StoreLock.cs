namespace Orchestrator.Silo.Storage.Sqlite;

/// <summary>
/// One process a folder: an exclusive OS lock (flock) on <c>lock</c>, which the kernel drops with the process, however
/// it ends. <c>lock.holder</c> says who holds it, for the message of the process that is refused; it decides nothing.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    /// <summary>EWOULDBLOCK, of flock.</summary>
    private const int HeldByAnother = 11;

    private readonly FileStream _file;

    private StoreLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of <paramref name="folder"/>.</summary>
    /// <exception cref="StoreRefusedException">Another process holds it.</exception>
    public static StoreLock Take(string folder)
    {
        string path = Path.Combine(folder, "lock");
        string holderPath = path + ".holder";
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (Exception e) when (e is UnauthorizedAccessException || (e is IOException && e.HResult != HeldByAnother))
        {
            throw new StoreRefusedException(
                $"The store {folder} cannot be locked: {e.Message} Its folder must be writable by this user.", e);
        }
        catch (IOException e)
        {
            string holder = File.Exists(holderPath) ? File.ReadAllText(holderPath).Trim() : "unknown";
            throw new StoreRefusedException(
                $"The store {folder} is in use by another silo (process {holder}). Stop that one first, or use another --store.", e);
        }

        try
        {
            File.WriteAllText(holderPath, Environment.ProcessId + "\n");
        }
        catch (IOException)
        {
            // A full disk: the lock holds all the same, only the other process's message will know less.
        }

        return new StoreLock(file);
    }

    public void Dispose() => _file.Dispose();
}
