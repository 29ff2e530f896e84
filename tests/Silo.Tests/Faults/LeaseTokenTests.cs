using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Faults;

/// <summary>A token is what this silo signed for this worker, or it is nothing; and a bad one spoils no other.</summary>
public sealed class LeaseTokenTests(ServedSilo served) : ServedTest(served)
{
    [Fact]
    public async Task A_bad_token_among_completions_is_invalid_and_the_good_one_is_taken()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        Completion good = await worker.TrainAsync(lease);
        string[] bad = [.. BadTokens(lease.Token), await ForeignAsync()];
        Completion[] completions = [.. bad.Select(token => good with { Token = token })];
        IReadOnlyList<CompletionReceipt> receipts = await worker.CompleteAsync([.. completions[..4], good, .. completions[4..]]);
        Assert.Equal(bad.Length + 1, receipts.Count);
        Assert.Equal(CompletionVerdict.Accepted, receipts[4].Verdict);
        Assert.All(receipts.Where((_, i) => i != 4), receipt =>
        {
            Assert.Equal(CompletionVerdict.Invalid, receipt.Verdict);
            Assert.NotEmpty(receipt.Message!);
        });
        Assert.Equal(good.Steps, (await ViewAsync(job.Id)).Step);
    }

    [Fact]
    public async Task A_bad_token_in_a_heartbeat_is_told_to_stop_and_the_good_lease_goes_on()
    {
        ProtocolWorker worker = await WorkerAsync();
        await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        string[] bad = [.. BadTokens(lease.Token), await ForeignAsync()];
        HeartbeatReply reply = await worker.HeartbeatAsync([.. bad.Select(token => new LeaseProgress(token, 1)), new LeaseProgress(lease.Token, 1)]);
        Assert.False(reply.Unknown);
        Assert.Equal(bad.Select(token => new LeaseStop(token, StopReason.Superseded)), reply.Stops);
    }

    [Fact]
    public async Task Bad_tokens_of_a_spool_are_passed_over()
    {
        ProtocolWorker worker = await WorkerAsync();
        await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        Completion result = await worker.TrainAsync(lease);
        worker.StartAnew();
        await worker.RegisterAsync([.. BadTokens(lease.Token), lease.Token]);
        Assert.Equal(CompletionVerdict.Accepted, Assert.Single(await worker.CompleteAsync(result)).Verdict);
    }

    private static string[] BadTokens(string good) =>
    [
        "", ".", "x", "nonsense.nonsense", good[..^1], good[1..], good[..(good.Length / 2)], good + "A", good.Replace('.', ','),
        $"{good}.{good}", new string('A', 5000), "\ud83d\ude00.\ud83d\ude00", Flipped(good),
    ];

    /// <summary>The same with one bit of its claims changed.</summary>
    private static string Flipped(string token) => (token[3] == 'A' ? 'B' : 'A') is var other ? token[..3] + other + token[4..] : token;

    /// <summary>A token that another worker was given.</summary>
    private async Task<string> ForeignAsync()
    {
        ProtocolWorker other = await WorkerAsync("other");
        await SubmitAsync(QuadraticJobs.Fixed(Pool));
        return (await other.LeaseOneAsync()).Token;
    }
}
