using System.Text.Json.Nodes;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>What a job costs to keep does not depend on how much came before.</summary>
public sealed class JobSizeTests
{
    private const int Few = 10;
    private const int Many = 1000;

    private static readonly Lazy<Sizes> AfterFew = new(() => Run(Few));
    private static readonly Lazy<Sizes> AfterMany = new(() => Run(Many));

    [Fact]
    public void A_commit_after_a_thousand_stages_writes_no_more_than_after_ten()
    {
        Assert.Equal(AfterFew.Value.Rows, AfterMany.Value.Rows);

        // Numbers have more digits.
        Assert.InRange(AfterMany.Value.Characters, 0, 1.1 * AfterFew.Value.Characters);
    }

    [Fact]
    public void The_state_grows_with_the_path_alone_and_by_no_more_for_the_last_stage_than_for_the_first() =>
        Assert.InRange(AfterMany.Value.State / (double)Many, 0, 1.1 * AfterFew.Value.State / Few);

    [Fact]
    public void Candidates_that_were_not_taken_leave_the_memory()
    {
        // Two stages of candidates may still be remembered, and two stretches a stage are the path.
        Assert.InRange(AfterMany.Value.Segments, 2 * Many, (2 * Many) + 10);
    }

    [Fact]
    public void What_the_search_remembers_does_not_grow() => Assert.InRange(AfterMany.Value.Search, 0, 1.1 * AfterFew.Value.Search);

    [Fact]
    public void The_view_of_a_job_does_not_grow() => Assert.InRange(AfterMany.Value.View, 0, 1.1 * AfterFew.Value.View);

    /// <summary>Runs so many stages of four steps, and weighs the middle of the last one.</summary>
    private static Sizes Run(int stages)
    {
        JsonObject file = JobFiles.AutoLrs(steps: 4 * stages, stage: 4, probe: 1, candidates: 2).With("schedule.range.max", 0.1).With("segmentSteps", 4);
        var hand = new ByHand(file);
        hand.RunUntil(() => hand.State.Stages.Count == stages);
        (int rows, int characters) = hand.Job.Commits.TakeLast(4).Max();
        string snapshot = hand.Job.Snapshot();
        string view = System.Text.Json.JsonSerializer.Serialize(
            Grains.Jobs.JobViews.Job(DrivenJob.Id, hand.Job.Spec, hand.State, 0), Contracts.WireJson.Options);
        return new Sizes(
            rows, characters, snapshot.Length, hand.State.Segments.Count, hand.Job.Transitions.Search.Save(hand.State.Search!).Length, view.Length);
    }

    private sealed record Sizes(int Rows, int Characters, int State, int Segments, int Search, int View);
}
