using Orchestrator.Benchmarks.OnTheClock;

namespace Orchestrator.EndToEnd.Tests.OnTheClock;

/// <summary>The comparison is made of job files that anybody can run, and compares what can be compared.</summary>
public sealed class JobFileTests
{
    private static readonly string[] Methods = ["annealed", "annealed-8", "autolrs", "autolrs-reference", "cosine-grid", "halving"];

    private static IReadOnlyList<ClockJob> Jobs => [.. ClockJob.Read(false, []), .. ClockJob.Read(true, [])];

    [Fact]
    public async Task The_schema_command_finds_every_job_file_valid()
    {
        string[] files = [.. Directory.EnumerateFiles(ClockJob.Folder, "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        (int code, string text, string error) = await OrchestratorCommand.RunAsync(["schema", .. files]);
        Assert.True(code == 0, error);
        Assert.All(files, file => Assert.Contains($"{file}: valid", text));
        Assert.Equal(files.Length, Jobs.Count);
    }

    [Fact]
    public void The_files_of_a_workload_train_the_same_and_differ_in_how_the_schedule_is_found()
    {
        foreach (IGrouping<string, ClockJob> workload in Jobs.GroupBy(job => job.Workload))
        {
            foreach (string key in (string[])["trainer", "objective", "steps"])
            {
                string text = Assert.Single(workload.Select(job => job.Root.GetProperty(key).GetRawText()).Distinct());
                Assert.NotEmpty(text);
            }

            Assert.All(workload, job => Assert.Equal($"{job.Workload}-{job.Method}", job.Root.GetProperty("name").GetString()));
            Assert.Equal(workload.Count(), workload.Select(job => job.Hash).Distinct().Count());
        }
    }

    [Fact]
    public void Every_workload_has_all_methods_but_the_one_that_follows_an_example()
    {
        foreach (IGrouping<string, ClockJob> workload in Jobs.Where(job => job.Workload != "fashion-cnn").GroupBy(job => job.Workload))
        {
            Assert.Empty(Methods.Except(workload.Select(job => job.Method)));
        }
    }

    [Fact]
    public void Every_claim_is_about_a_job_file() => Assert.All(
        Claim.All, claim => Assert.Contains(Jobs, job => job.Workload == claim.Workload && job.Method == claim.Method));

    [Fact]
    public void A_seed_is_all_that_a_run_changes()
    {
        ClockJob job = ClockJob.Read(false, ["mlp/annealed"]).Single();
        var before = job.Root.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetRawText());
        var after = job.WithSeed(7).EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetRawText());
        Assert.Equal("7", after["seed"]);
        Assert.Equal(before["seed"] = "7", after["seed"]);
        Assert.Equal(before, after);
    }

    [Theory]
    [InlineData("mlp", 11)]
    [InlineData("mlp/annealed-*", 6)]
    [InlineData("cnn*/halving", 3)]
    [InlineData("quick-*", 0)]
    public void A_pattern_means_a_workload_or_a_method(string pattern, int count) => Assert.Equal(count, ClockJob.Read(false, [pattern]).Count);
}
