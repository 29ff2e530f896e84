using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orchestrator.Workers.Agent.Silo;

namespace Orchestrator.Agent.Tests.Silo;

public sealed class SiloLinkTests
{
    private readonly FakeTimeProvider _time = new();

    private SiloLink Link(int seed = 1) => new(new Uri("http://silo/"), seed, _time, NullLogger.Instance);

    [Fact]
    public void Pauses_grow_to_a_second_with_jitter_and_are_the_same_for_the_same_seed()
    {
        SiloLink link = Link();
        SiloLink same = Link();
        SiloLink other = Link(seed: 2);
        TimeSpan[] delays = [.. Enumerable.Range(0, 40).Select(link.DelayBefore)];

        Assert.All(delays, d => Assert.InRange(d, TimeSpan.FromMilliseconds(25), TimeSpan.FromSeconds(1)));
        Assert.InRange(delays[0], TimeSpan.FromMilliseconds(25), TimeSpan.FromMilliseconds(50));
        Assert.All(delays[5..], d => Assert.InRange(d, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1)));
        Assert.Equal(delays, Enumerable.Range(0, 40).Select(same.DelayBefore));
        Assert.NotEqual(delays, Enumerable.Range(0, 40).Select(other.DelayBefore));
    }

    [Fact]
    public async Task A_call_is_repeated_until_it_is_answered_and_the_change_is_told_once_each_way()
    {
        SiloLink link = Link();
        var told = new List<bool>();
        link.Listen(told.Add);
        int calls = 0;
        Task<int> answer = link.InsistAsync(
            _ => ++calls < 100 ? throw new SiloUnreachableException("away") : Task.FromResult(7), TestContext.Current.CancellationToken);
        while (!answer.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(7, await answer);
        Assert.Equal(100, calls);
        Assert.Equal([false, true], told);
        Assert.False(link.IsLost);
    }

    [Fact]
    public async Task A_refusal_is_an_answer_and_not_repeated()
    {
        SiloLink link = Link();
        int calls = 0;

        await Assert.ThrowsAsync<SiloRefusedException>(() => link.InsistAsync<int>(
            _ =>
            {
                calls++;
                throw new SiloRefusedException(System.Net.HttpStatusCode.Forbidden, "no");
            },
            TestContext.Current.CancellationToken));

        Assert.Equal(1, calls);
        Assert.False(link.IsLost);
    }
}
