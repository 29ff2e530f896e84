using Orchestrator.Contracts.Leases;
using Orchestrator.Workers.Agent.Storage;

namespace Orchestrator.Workers.Agent.Checkpoints;

/// <summary>
/// What is in the checkpoint cache, in order of last use. It deletes the least recently used ones over the limit, but
/// never one that is pinned. Safe for several threads.
/// </summary>
internal sealed class CacheIndex
{
    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly long _limit;
    private readonly LinkedList<(string Sha256, long Bytes)> _byUse = new(); // least recently used first
    private readonly Dictionary<string, LinkedListNode<(string Sha256, long Bytes)>> _entries = [];
    private readonly Dictionary<string, int> _pins = [];
    private long _bytes;

    private CacheIndex(string folder, long limit) => (_folder, _limit) = (folder, limit);

    /// <summary>Bytes on disk.</summary>
    internal long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Takes up what an earlier run of the agent left, oldest first; unfinished files are deleted.</summary>
    internal static CacheIndex Open(string folder, long limit)
    {
        var index = new CacheIndex(folder, limit);
        foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories)
            .OrderBy(f => f.LastAccessTimeUtc).ThenBy(f => f.Name, StringComparer.Ordinal))
        {
            if (BlobReference.IsAddress(file.Name))
            {
                index._entries[file.Name] = index._byUse.AddLast((file.Name, file.Length));
                index._bytes += file.Length;
            }
            else
            {
                DurableFile.DeleteQuietly(file.FullName);
            }
        }

        return index;
    }

    /// <summary>Keeps a checkpoint, there or yet to come, until <see cref="Unpin"/> was called as often.</summary>
    internal void Pin(string sha256)
    {
        lock (_gate)
        {
            _pins[sha256] = _pins.GetValueOrDefault(sha256) + 1;
        }
    }

    /// <summary>Takes back one <see cref="Pin"/>.</summary>
    internal void Unpin(string sha256)
    {
        lock (_gate)
        {
            int left = _pins.GetValueOrDefault(sha256) - 1;
            if (left > 0)
            {
                _pins[sha256] = left;
            }
            else
            {
                _pins.Remove(sha256);
            }

            Shrink();
        }
    }

    /// <summary>Notes that a checkpoint is there and was used now.</summary>
    internal void Use(string sha256, long bytes)
    {
        lock (_gate)
        {
            Forget(sha256);
            _entries[sha256] = _byUse.AddLast((sha256, bytes));
            _bytes += bytes;
            Shrink();
        }
    }

    /// <summary>Deletes a checkpoint; false where it was not in the cache.</summary>
    internal bool Remove(string sha256)
    {
        lock (_gate)
        {
            DurableFile.DeleteQuietly(BlobFile.PathIn(_folder, sha256));
            return Forget(sha256);
        }
    }

    private bool Forget(string sha256)
    {
        if (!_entries.Remove(sha256, out LinkedListNode<(string Sha256, long Bytes)>? node))
        {
            return false;
        }

        _bytes -= node.Value.Bytes;
        _byUse.Remove(node);
        return true;
    }

    private void Shrink()
    {
        LinkedListNode<(string Sha256, long Bytes)>? node = _byUse.First;
        while (_bytes > _limit && node is not null)
        {
            LinkedListNode<(string Sha256, long Bytes)>? next = node.Next;
            string sha256 = node.Value.Sha256;
            if (!_pins.ContainsKey(sha256))
            {
                DurableFile.DeleteQuietly(BlobFile.PathIn(_folder, sha256));
                Forget(sha256);
            }

            node = next;
        }
    }
}
