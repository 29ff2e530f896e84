using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Orchestrator.Silo.Tests.Serving;

/// <summary>An event as it came over the wire.</summary>
/// <param name="Id">Its id; null where the line is missing.</param>
/// <param name="Type">Its type; "comment" for a comment.</param>
/// <param name="Data">Its data, or the comment.</param>
internal sealed record EventLine(long? Id, string Type, string Data);

/// <summary>
/// A stream of server-sent events over a socket of its own, read without help, so that a test sees what is really sent
/// and can cut the connection wherever it likes.
/// </summary>
internal sealed class EventLines : IDisposable
{
    private readonly TcpClient _client;
    private readonly NetworkStream _stream;
    private readonly StringBuilder _text = new();
    private readonly byte[] _buffer = new byte[64 << 10];
    private bool _ended;

    private EventLines(TcpClient client) => (_client, _stream) = (client, client.GetStream());

    /// <summary>Bytes of the body so far, the transfer's framing included.</summary>
    public long Received { get; private set; }

    /// <summary>Opens the stream of a job.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="job">The job.</param>
    /// <param name="last">Last-Event-ID; null = none.</param>
    public static async Task<EventLines> OpenAsync(Uri silo, string job, long? last = null)
    {
        var client = new TcpClient();
        await client.ConnectAsync(silo.Host, silo.Port, TestContext.Current.CancellationToken);
        var lines = new EventLines(client);
        string id = last is { } l ? $"Last-Event-ID: {l}\r\n" : "";

        // HTTP/1.0 has no chunks: the body is what is sent until the connection ends.
        string request = $"GET /v1/jobs/{job}/events HTTP/1.0\r\nHost: {silo.Authority}\r\nAccept: text/event-stream\r\n{id}\r\n";
        await lines._stream.WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        string head = await lines.UntilAsync("\r\n\r\n") ?? "";
        Assert.StartsWith("HTTP/1.1 200", head, StringComparison.Ordinal);
        Assert.Contains("text/event-stream", head);
        return lines;
    }

    /// <summary>The next event or comment; null at the end of the stream.</summary>
    public async Task<EventLine?> NextAsync()
    {
        if (await UntilAsync("\n\n") is not { } block)
        {
            return null;
        }

        if (block.StartsWith(": ", StringComparison.Ordinal))
        {
            return new EventLine(null, "comment", block[2..]);
        }

        Dictionary<string, string> fields = block.Split('\n').Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        long? id = fields.TryGetValue("id", out string? text) ? long.Parse(text, CultureInfo.InvariantCulture) : null;
        return new EventLine(id, fields["event"], fields["data"]);
    }

    /// <summary>The next event of a type.</summary>
    public async Task<EventLine> NextAsync(string type)
    {
        while (await NextAsync() is { } line)
        {
            if (line.Type == type)
            {
                return line;
            }
        }

        throw new InvalidOperationException($"The stream ended without a {type}.");
    }

    /// <summary>All that is left of it.</summary>
    public async Task<List<EventLine>> RestAsync()
    {
        var rest = new List<EventLine>();
        while (await NextAsync() is { } line)
        {
            rest.Add(line);
        }

        return rest;
    }

    /// <summary>Cuts the connection with a reset, wherever it is.</summary>
    public void Cut() => _client.LingerState = new LingerOption(true, 0);

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>The text up to a separator; null when the stream ends before.</summary>
    private async Task<string?> UntilAsync(string separator)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(JobRun.Hangs);
        while (true)
        {
            string text = _text.ToString();
            int end = text.IndexOf(separator, StringComparison.Ordinal);
            if (end >= 0)
            {
                _text.Remove(0, end + separator.Length);
                return text[..end];
            }

            int read = _ended ? 0 : await _stream.ReadAsync(_buffer, limit.Token);
            if (read == 0)
            {
                _ended = true;
                return null;
            }

            Received += read;
            _text.Append(Encoding.UTF8.GetString(_buffer, 0, read));
        }
    }
}
