using System.Net;
using System.Net.Http.Headers;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;

namespace Orchestrator.Silo.Tests.Faults;

/// <summary>Its memory is measured, so nobody else uses it.</summary>
public sealed class MeasuredSilo() : OwnSilo(SiloUnderTest.ShortLeases);

public sealed class LargeBodyTests(MeasuredSilo own) : PooledTest, IClassFixture<MeasuredSilo>
{
    private const long Size = 100_000_000;

    protected override Task<SiloUnderTest> FindSiloAsync() => Task.FromResult(own.Silo);

    [Theory]
    [InlineData("/v1/jobs", true)]
    [InlineData("/v1/jobs", false)]
    [InlineData("/v1/completions", true)]
    [InlineData("/v1/completions", false)]
    [InlineData("/v1/heartbeats", false)]
    public async Task A_body_of_100_MB_is_refused_and_does_not_stay_in_memory(string route, bool announced)
    {
        await SubmitAsync(QuadraticJobs.Fixed(Pool));
        long before = Silo.ResidentBytes;
        using var content = new EndlessText(Size, announced);
        try
        {
            await Http.PostAsync(route, content, Ct).RefusedAsync(HttpStatusCode.RequestEntityTooLarge);
        }
        catch (HttpRequestException)
        {
            // The silo has answered and hung up while the rest was on its way: the client may see only that.
        }

        Assert.Equal(HttpStatusCode.OK, (await Http.GetAsync("/readyz", Ct)).StatusCode);
        long limit = route == "/v1/completions" ? Size : Size / 2;
        Assert.InRange(Silo.ResidentBytes - before, long.MinValue, limit);
    }

    [Fact]
    public async Task A_heartbeat_of_a_worker_of_many_slots_is_taken()
    {
        var worker = await WorkerAsync(slots: 64);
        double?[][] points = [.. Enumerable.Range(0, 512).Select(i => new double?[] { i, 0.1234567890123, 1.234567890123, 1.234567890123, 1.234567890123 })];
        HeartbeatReply reply = await worker.HeartbeatAsync(
            [.. Enumerable.Range(0, 64).Select(i => new LeaseProgress($"token{i}", 512, ["step", "rate", "loss", "gradient_l1", "gradient_l2"], points))]);
        Assert.Equal(64, reply.Stops.Count);
    }

    /// <summary>A JSON text that never ends; its bytes are made as they are sent.</summary>
    private sealed class EndlessText : HttpContent
    {
        private readonly long _length;
        private readonly bool _announced;

        public EndlessText(long length, bool announced)
        {
            (_length, _announced) = (length, announced);
            Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            byte[] chunk = new byte[1 << 16];
            Array.Fill(chunk, (byte)'x');
            await stream.WriteAsync("{\"name\":\""u8.ToArray());
            for (long sent = 9; sent < _length; sent += chunk.Length)
            {
                await stream.WriteAsync(chunk.AsMemory(0, (int)Math.Min(chunk.Length, _length - sent)));
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _length;
            return _announced;
        }
    }
}
