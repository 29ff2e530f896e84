using System.Collections.Immutable;
using System.Text.Json.Nodes;
using CsCheck;
using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>How stretches are cut into segments, and what makes two segments the same work.</summary>
public sealed class SegmentPlannerTests
{
    private static readonly Gen<Bo.Schedules.RateRun> Run =
        Gen.Select(Gen.Long[1, 40], Gen.Double[0, 2], Gen.Double[0, 2]).Select((steps, from, to) => new Bo.Schedules.RateRun(steps, from, to));

    [Fact]
    public void However_a_stretch_is_cut_the_rates_stay_the_same_to_the_last_bit() =>
        Gen.Select(Run.Array[1, 5], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Int[1, 60]).Sample((runs, offsetShare, stepsShare, segmentSteps) =>
        {
            Stretch stretch = StretchOf(runs, offsetShare, stepsShare);
            double[] whole = new RatePlan([.. runs.Select(run => new Contracts.Trainers.RateRun(run.Steps, run.From, run.To))], stretch.Offset).Expand(stretch.Steps);
            ImmutableArray<SegmentRecord> pieces = SegmentPlanner.Cut(Spec(segmentSteps), Placed, stretch);
            Assert.All(pieces, piece => Assert.InRange(piece.Steps, 1, segmentSteps));
            Assert.Equal(whole, pieces.SelectMany(piece => SegmentPlanner.Plan(stretch, piece).Expand(piece.Steps)));
        });

    [Fact]
    public void Nor_do_stops_change_them_wherever_they_come() =>
        Gen.Select(Run.Array[1, 4], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Int[1, 60], Gen.Double[0, 1].Array[1, 6]).Sample((runs, offsetShare, stepsShare, segmentSteps, stops) =>
        {
            Stretch stretch = StretchOf(runs, offsetShare, stepsShare);
            JobSpec spec = Spec(segmentSteps);
            double[] whole = new RatePlan([.. runs.Select(run => new Contracts.Trainers.RateRun(run.Steps, run.From, run.To))], stretch.Offset).Expand(stretch.Steps);
            JobState state = Planned(spec, stretch);
            foreach (double stop in stops)
            {
                SegmentRecord piece = state.Segments[state.Stretches[0].Pieces[(int)(stop * state.Stretches[0].Pieces.Length * 0.999)]];
                long made = (long)(stop * piece.Steps);
                if (made > 0 && made < piece.Steps)
                {
                    state = Transitions(spec).Apply(state, new SegmentSplit(piece.Number, made, state.NextSegment));
                }
            }

            SegmentRecord[] pieces = [.. state.Stretches[0].Pieces.Select(number => state.Segments[number])];
            Assert.Equal(whole, pieces.SelectMany(piece => SegmentPlanner.Plan(stretch, piece).Expand(piece.Steps)));
            for (int i = 1; i < pieces.Length; i++)
            {
                Assert.Equal((pieces[i - 1].Number, pieces[i - 1].Start + pieces[i - 1].Steps), (pieces[i].Parent!.Value, pieces[i].Start));
            }
        });

    [Fact]
    public void A_stop_names_both_halves_as_if_they_had_been_planned_so()
    {
        JobSpec spec = Spec(segmentSteps: 20);
        Stretch stretch = ScriptedSearch.Stretch(0, null, 0, 60);
        JobState stopped = Transitions(spec).Apply(Planned(spec, stretch), new SegmentSplit(0, 10, 3));
        JobState planned = Planned(Spec(segmentSteps: 10), stretch);
        Assert.Equal(planned.Segments[0].Identity, stopped.Segments[0].Identity);
        Assert.Equal(planned.Segments[1].Identity, stopped.Segments[3].Identity);

        // What follows starts from other parents by name, and is other work by name, although it gives the same bits.
        Assert.NotEqual(Planned(spec, stretch).Segments[1].Identity, stopped.Segments[1].Identity);
    }

    [Fact]
    public void Equal_work_of_two_jobs_has_one_identity()
    {
        JsonObject file = JobFiles.Fixed(steps: 40).With("segmentSteps", 10);
        string[] first = Identities(file);
        Assert.Equal(first, Identities(file.With("name", "other")));
        Assert.Equal(first, Identities(file.With("resources", new JsonObject { ["pool"] = "other", ["priority"] = 7, ["labels"] = new JsonObject { ["gpu"] = "h100" } })));
        Assert.Equal(first, Identities(file.With("budget.maxSteps", 1000)));
        Assert.Equal(first, Identities(file.With("parallelTrialCount", 3)));
        Assert.Equal(first, Identities(file.With("trainer.hangSeconds", 7)));
        Assert.Equal(first, Identities(file.With("objective.goal", 1e-9)));
        Assert.Equal(first.Length, first.Distinct().Count());
    }

    [Fact]
    public void Whatever_changes_the_work_changes_its_identity()
    {
        JsonObject file = JobFiles.Fixed(steps: 40).With("segmentSteps", 10);
        string first = Identities(file)[0];
        Assert.NotEqual(first, Identities(file.With("seed", 2))[0]);
        Assert.NotEqual(first, Identities(file.With("trainer.settings.momentum", 0.8))[0]);
        Assert.NotEqual(first, Identities(file.With("trainer.workload", "another"))[0]);
        Assert.NotEqual(first, Identities(file.With("schedule.settings.peak", 0.2))[0]);
        Assert.NotEqual(first, Identities(file.With("segmentSteps", 9))[0]);
        Assert.NotEqual(first, Identities(file.With("validation.every", 5))[0]);
        Assert.NotEqual(first, Identities(file, JobFiles.Placement with { Trainer = "other" })[0]);
        Assert.NotEqual(first, Identities(file, JobFiles.Placement with { Data = "other" })[0]);
        Assert.NotEqual(first, Identities(file, JobFiles.Placement with { Class = "other" })[0]);
    }

    [Fact]
    public void Start_lineage_and_guard_enter_the_identity()
    {
        JobSpec spec = Spec(segmentSteps: 100);
        Stretch stretch = ScriptedSearch.Stretch(0, null, 0, 10);
        string first = Identity(stretch);
        Assert.Equal(first, Identity(stretch with { Reason = "Other words.", Stage = 3, Role = StretchRole.Probe, Continues = false }));
        Assert.NotEqual(first, Identity(stretch with { Start = 10 }));
        Assert.NotEqual(first, Identity(stretch with { Guard = new DivergenceGuard(3, 10) }));
        Assert.NotEqual(Identity(stretch with { Guard = new DivergenceGuard(3, 10) }), Identity(stretch with { Guard = new DivergenceGuard(3, 10, 1.5) }));
        JobState two = Transitions(spec).Apply(Planned(spec, stretch), new SearchDecided(new PlanStretch(ScriptedSearch.Stretch(1, 0, 10, 10)), 0));
        JobState other = Transitions(spec).Apply(
            Planned(spec, ScriptedSearch.Stretch(0, null, 0, 10, rate: 0.06)), new SearchDecided(new PlanStretch(ScriptedSearch.Stretch(1, 0, 10, 10)), 0));
        Assert.NotEqual(two.Segments[1].Identity, other.Segments[1].Identity);

        string Identity(Stretch of) => Planned(spec, of).Segments[0].Identity;
    }

    [Fact]
    public void Identities_stay_what_they_were()
    {
        // Stored results are found by these: SHA-256 of the canonical JSON, as any program computes it. If they must
        // change, the version in the identity goes up with them.
        string[] identities = Identities(JobFiles.AutoLrs().With("segmentSteps", 3).With("schedule.warmup", new JsonObject { ["steps"] = 5, ["to"] = 0.1 }));
        Assert.Equal(
            [
                "d508d3e1409184f39c98dace38d4eb72adf45d9ad3c99a8600748d1a78c002f3",
                "f9b8dfbc298275290684cec89920d7c32168ead0d8c8627ca4aef5e3d4716692",
            ],
            identities);
    }

    [Fact]
    public void The_work_of_a_segment_says_all_that_a_worker_needs()
    {
        var hand = new ByHand(JobFiles.AutoLrs(probe: 8).With("segmentSteps", 5).With("seed", 9)
            .With("schedule.settings.signal", "validation").With("resources.labels", new JsonObject { ["gpu"] = "h100" }));
        hand.RunUntil(() => hand.State.Stages.Count == 1 && hand.State.Open.All(number => hand[number].Parent is not null));
        SegmentWork work = hand.Job.Work(1);
        Assert.Equal((DrivenJob.Id, 1, 9L, 5L, 3L), (work.Job, work.Segment, work.Seed, work.Start, work.Steps));
        Assert.Equal((hand[0].Checkpoint, true), (work.Parent, work.Output));
        Assert.Equal(("trainer-digest", "data-digest", "cpu-test-t1"), (work.TrainerDigest, work.DataDigest, work.Class));
        Assert.Equal("h100", work.Labels!["gpu"]);
        Assert.Equal(0.9, work.Settings["momentum"]!.GetValue<double>());
        Assert.Equal((3.0, 10), (work.Guard!.MaxLossRise!.Value, work.Guard.Patience));
        Assert.Equal((true, ValidationSplits.Probe), (work.Validate!.AtEnd, work.Validate.Split));
        Assert.False(hand.Job.Work(0).Validate!.AtEnd);
    }

    private static JobState Placed { get; } = new() { Placement = JobFiles.Placement };

    private static JobSpec Spec(int segmentSteps) => JobFiles.Read(JobFiles.Fixed(steps: 1000).With("segmentSteps", segmentSteps));

    private static JobTransitions Transitions(JobSpec spec) => new(DrivenJob.Id, spec, new ScriptedSearch());

    private static JobState Planned(JobSpec spec, Stretch stretch)
    {
        JobTransitions transitions = Transitions(spec);
        JobState state = transitions.Apply(transitions.Initial, new JobPlaced(JobFiles.Placement));
        return transitions.Apply(state, new SearchDecided(new PlanStretch(stretch), 0));
    }

    private static Stretch StretchOf(Bo.Schedules.RateRun[] runs, double offsetShare, double stepsShare)
    {
        long total = runs.TotalSteps();
        long offset = (long)(offsetShare * (total - 1));
        long steps = 1 + (long)(stepsShare * (total - offset - 1));
        return ScriptedSearch.Stretch(0, null, 0, steps) with { Runs = runs, Offset = offset };
    }

    private static string[] Identities(JsonObject file, JobPlacement? placement = null) =>
        [.. new DrivenJob(file, placement).State.Segments.Values.Select(segment => segment.Identity)];
}
