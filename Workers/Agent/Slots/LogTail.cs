using System.Text;

namespace Orchestrator.Workers.Agent.Slots;

/// <summary>The last lines a trainer wrote that were no protocol messages. Safe for several threads.</summary>
/// <param name="capacity">Most bytes of UTF-8 kept.</param>
internal sealed class LogTail(int capacity = LogTail.DefaultCapacity)
{
    /// <summary>64 KiB, what a completion may carry.</summary>
    internal const int DefaultCapacity = 64 << 10;

    private readonly Lock _gate = new();
    private readonly Queue<(string Line, int Bytes)> _lines = new();
    private int _bytes;

    /// <summary>Adds a line without its line feed.</summary>
    internal void Add(ReadOnlySpan<byte> line)
    {
        string text = Encoding.UTF8.GetString(line[..Math.Min(line.Length, capacity / 2)]).TrimEnd('\r');
        int bytes = Encoding.UTF8.GetByteCount(text) + 1;
        lock (_gate)
        {
            _lines.Enqueue((text, bytes));
            _bytes += bytes;
            while (_bytes > capacity)
            {
                _bytes -= _lines.Dequeue().Bytes;
            }
        }
    }

    /// <summary>Forgets everything: another segment begins.</summary>
    internal void Clear()
    {
        lock (_gate)
        {
            _lines.Clear();
            _bytes = 0;
        }
    }

    /// <summary>All that is kept; null when there is nothing.</summary>
    internal string? Text()
    {
        lock (_gate)
        {
            return _lines.Count == 0 ? null : string.Join('\n', _lines.Select(l => l.Line)) + "\n";
        }
    }

    /// <summary>The last lines on one line, for a message; empty when there are none.</summary>
    internal string LastWords(int count = 3)
    {
        lock (_gate)
        {
            return string.Join(" | ", _lines.Select(l => l.Line.Trim()).Where(l => l.Length > 0).TakeLast(count));
        }
    }
}
