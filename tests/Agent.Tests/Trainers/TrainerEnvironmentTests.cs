using Orchestrator.Contracts.Leases;
using Orchestrator.TestKit;
using Orchestrator.Workers.Agent.Trainers;

namespace Orchestrator.Agent.Tests.Trainers;

public sealed class TrainerEnvironmentTests
{
    [Fact]
    public void Only_what_is_allowed_gets_through()
    {
        Environment.SetEnvironmentVariable("ORCHESTRATOR_KEY", "secret");
        IReadOnlyDictionary<string, string> environment = TrainerEnvironment.For("cuda:3", threads: 2, data: "/data");

        Assert.DoesNotContain("ORCHESTRATOR_KEY", environment.Keys);
        Assert.Equal("3", environment["CUDA_VISIBLE_DEVICES"]);
        Assert.Equal("cuda:0", TrainerEnvironment.VisibleName("cuda:3"));
        Assert.Equal("2", environment["OMP_NUM_THREADS"]);
        Assert.Equal("/data", environment["ORCHESTRATOR_DATA"]);
        Assert.Equal("", TrainerEnvironment.For("cpu", 1, null)["CUDA_VISIBLE_DEVICES"]);
    }

    /// <summary>A batch system lends some of a machine's GPUs and says which: they are the agent's cuda:0, cuda:1, …</summary>
    [Theory]
    [InlineData("cuda:1", null, "1")]
    [InlineData("cuda:1", "", "1")]
    [InlineData("cuda:1", "4, 5", "5")]
    [InlineData("cuda:0", "GPU-8a3f", "GPU-8a3f")]
    [InlineData("cuda:2", "4,5", null)]
    [InlineData("cpu", "4,5", null)]
    public void A_GPU_is_counted_within_those_that_the_agent_may_use(string device, string? list, string? visible) =>
        Assert.Equal(visible, TrainerEnvironment.Visible(device, list));

    [Fact]
    public void A_commands_digest_depends_on_its_words_its_files_bytes_and_its_version()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a"), "one");
        var command = new TrainerSelection { Command = ["python3", "train.py"], Files = [folder.File("a")], Version = "1" };
        string digest = CommandDigest.Compute(command);

        Assert.Equal(digest, CommandDigest.Compute(command with { }));
        Assert.NotEqual(digest, CommandDigest.Compute(command with { Command = ["python3 train.py"] }));
        Assert.NotEqual(digest, CommandDigest.Compute(command with { Version = "2" }));
        File.WriteAllText(folder.File("a"), "two");
        Assert.NotEqual(digest, CommandDigest.Compute(command));
        Assert.Throws<SegmentRefusedException>(() => CommandDigest.Compute(command with { Files = [folder.File("none")] }));
    }
}
