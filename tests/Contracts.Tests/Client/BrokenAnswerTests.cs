using System.Net;
using System.Net.Sockets;
using System.Text;
using Orchestrator.Contracts.Client;

namespace Orchestrator.Contracts.Tests.Client;

/// <summary>An answer whose body breaks off is no answer, whatever was asked for; of a refusal its status is enough.</summary>
public sealed class BrokenAnswerTests : IDisposable
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    public static TheoryData<string> Calls => ["job", "schedule", "model", "log"];

    public void Dispose() => _server.Dispose();

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_body_that_breaks_off_is_a_server_that_cannot_be_reached(string what)
    {
        using HttpJobsApi api = Serve("200 OK");
        await Assert.ThrowsAsync<ServerUnreachableException>(() => CallAsync(api, what));
    }

    [Fact]
    public async Task A_refusal_that_breaks_off_is_a_refusal()
    {
        using HttpJobsApi api = Serve("503 Service Unavailable");
        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => CallAsync(api, "job"));
        Assert.Equal(503, refused.Status);
        Assert.Equal("Service Unavailable", refused.Title);
    }

    private static Task CallAsync(HttpJobsApi api, string what)
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        return what switch
        {
            "job" => api.GetAsync("j", ct),
            "schedule" => api.ScheduleAsync("j", ct: ct),
            "model" => api.ModelAsync("j", ct),
            _ => api.LogAsync("s", ct),
        };
    }

    /// <summary>A client of a server that announces a hundred bytes, sends ten and goes.</summary>
    private HttpJobsApi Serve(string status)
    {
        _server.Start();
        _ = AnswerAsync(status);
        return new HttpJobsApi(new Uri($"http://{_server.LocalEndpoint}"));
    }

    private async Task AnswerAsync(string status)
    {
        using TcpClient client = await _server.AcceptTcpClientAsync();
        using var reader = new StreamReader(client.GetStream(), leaveOpen: true);
        while (await reader.ReadLineAsync() is { Length: > 0 })
        {
            // To the end of its headers.
        }

        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"id\":\"j\","));
    }
}
