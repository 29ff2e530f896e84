using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Tests.Driving;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>What a job costs to keep does not depend on how much came before: one run of a thousand stages is weighed early and late.</summary>
public sealed class JobSizeTests
{
    private const int Early = 50;
    private const int Late = 1000;

    private static readonly Lazy<(Sizes Early, Sizes Late)> Weighed = new(Run);

    [Fact]
    public void A_commit_after_a_thousand_stages_writes_no_more_than_an_early_one()
    {
        Assert.Equal(Weighed.Value.Early.Rows, Weighed.Value.Late.Rows);

        // Numbers have more digits.
        Assert.InRange(Weighed.Value.Late.Characters, 0, 1.1 * Weighed.Value.Early.Characters);
    }

    [Fact]
    public void The_state_grows_with_the_path_alone_and_by_no_more_for_a_late_stage_than_for_an_early_one() =>
        Assert.InRange(Weighed.Value.Late.State / (double)Late, 0, 1.1 * Weighed.Value.Early.State / Early);

    [Fact]
    public void Candidates_that_were_not_taken_leave_the_memory() =>

        // Of a stage at most two segments are the path; the last two may still remember all that they tried.
        Assert.InRange(Weighed.Value.Late.Segments, Late, (2 * Late) + 20);

    [Fact]
    public void What_the_search_remembers_does_not_grow() => Assert.InRange(Weighed.Value.Late.Search, 0, 1.1 * Weighed.Value.Early.Search);

    [Fact]
    public void The_view_of_a_job_does_not_grow() => Assert.InRange(Weighed.Value.Late.View, 0, 1.1 * Weighed.Value.Early.View);

    private static (Sizes Early, Sizes Late) Run()
    {
        JsonObject file = JobFiles.AutoLrs(steps: 4 * Late, stage: 4, probe: 1, candidates: 2).With("schedule.range.max", 0.1).With("segmentSteps", 4);
        var hand = new ByHand(file);
        Sizes early = Weigh(hand, Early);
        return (early, Weigh(hand, Late));
    }

    /// <summary>Runs so many stages, and weighs the most of the last ten.</summary>
    private static Sizes Weigh(ByHand hand, int stages)
    {
        hand.RunUntil(() => hand.State.Stages.Count == stages - 10);
        int before = hand.Job.Commits.Count;
        int search = 0;
        hand.RunUntil(() =>
        {
            search = Math.Max(search, hand.Job.Transitions.Search.Save(hand.State.Search!).Length);
            return hand.State.Stages.Count == stages;
        });
        string view = JsonSerializer.Serialize(JobViews.Job(DrivenJob.Id, hand.Job.Spec, hand.State, 0), WireJson.Options);
        return new Sizes(
            hand.Job.Commits.Skip(before).Max(commit => commit.Rows),
            hand.Job.Commits.Skip(before).Max(commit => commit.Characters),
            hand.Job.Snapshot().Length,
            hand.State.Segments.Count,
            search,
            view.Length);
    }

    private sealed record Sizes(int Rows, int Characters, int State, int Segments, int Search, int View);
}
