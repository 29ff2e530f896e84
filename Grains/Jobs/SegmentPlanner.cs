using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Jobs;

/// <summary>Cuts stretches into segments, names them by their identity, and writes the work a worker gets. Pure.</summary>
public static class SegmentPlanner
{
    /// <summary>Segments of a new stretch, none longer than the job's segmentSteps, each continuing the last.</summary>
    public static ImmutableArray<SegmentRecord> Cut(JobSpec spec, JobState state, Stretch stretch)
    {
        int number = state.NextSegment;
        int? parent = stretch.Parent is { } p ? state.Stretches[p].Pieces[^1] : null;
        string lineage = parent is { } from ? state.Segments[from].Identity : SegmentIdentity.Init;
        SegmentState? before = parent is { } known ? state.Segments[known].State : null;
        bool ready = before is null or SegmentState.Succeeded;
        bool never = before is SegmentState.Diverged or SegmentState.Failed or SegmentState.Cancelled;
        var pieces = ImmutableArray.CreateBuilder<SegmentRecord>();
        for (long position = 0; position < stretch.Steps; position += spec.SegmentSteps)
        {
            long steps = Math.Min(spec.SegmentSteps, stretch.Steps - position);
            var piece = new SegmentRecord
            {
                Number = number,
                Stretch = stretch.Number,
                Start = stretch.Start + position,
                Steps = steps,
                Position = position,
                Parent = parent,
                Identity = "",
                State = never ? SegmentState.Cancelled
                    : !ready ? SegmentState.Waiting
                    : state.Status == JobStatus.Paused ? SegmentState.Held : SegmentState.Planned,
                Output = position + steps < stretch.Steps || stretch.Continues,
            };
            piece = piece with { Identity = Identify(spec, state.Placement!, stretch, piece, lineage) };
            pieces.Add(piece);
            lineage = piece.Identity;
            parent = number++;
            ready = false;
        }

        return pieces.ToImmutable();
    }

    /// <summary>The rest of a segment of which a prefix is done, and the later pieces with their new lineage.</summary>
    public static ImmutableArray<SegmentRecord> Split(JobSpec spec, JobState state, SegmentRecord whole, SegmentSplit split)
    {
        (long steps, int remainder) = (split.Steps, split.Remainder);
        StretchRecord stretch = state.Stretches[whole.Stretch];
        SegmentIdentity prefix = Identity(spec, state.Placement!, stretch.Plan, whole with { Steps = steps }, ParentIdentity(state, whole));
        var changed = ImmutableArray.CreateBuilder<SegmentRecord>();
        SegmentRecord done = whole with { Steps = steps, Identity = prefix.Hash(), Output = true };
        changed.Add(done);
        var rest = new SegmentRecord
        {
            Number = remainder,
            Stretch = whole.Stretch,
            Start = whole.Start + steps,
            Steps = whole.Steps - steps,
            Position = whole.Position + steps,
            Parent = whole.Number,
            Identity = "",
            State = SegmentState.Waiting,
            Rest = true,
            Watch = split.Watch,
            Output = whole.Output,
        };
        rest = rest with { Identity = Identify(spec, state.Placement!, stretch.Plan, rest, done.Identity) };
        changed.Add(rest);
        var lineage = new Dictionary<int, string> { [whole.Number] = rest.Identity };
        foreach (SegmentRecord later in state.Descendants(whole.Number))
        {
            Stretch? plan = later.Stretch < 0 ? null : state.Stretches[later.Stretch].Plan;
            string identity = Identify(spec, state.Placement!, plan, later, lineage[later.Parent!.Value]);
            lineage[later.Number] = identity;
            changed.Add(later with { Parent = later.Parent == whole.Number ? remainder : later.Parent, Identity = identity });
        }

        return changed.ToImmutable();
    }

    /// <summary>The evaluations at the end: the full validation, and the test where the workload has one.</summary>
    public static ImmutableArray<SegmentRecord> Final(JobSpec spec, JobState state, int? parent, long step)
    {
        int number = state.NextSegment;
        string lineage = parent is { } from ? state.Segments[from].Identity : SegmentIdentity.Init;
        bool ready = parent is not { } known || state.Segments[known].State == SegmentState.Succeeded;
        bool test = state.Placement!.Metrics.Any(metric => metric.StartsWith("test_", StringComparison.Ordinal));
        string[] splits = test ? [ValidationSplits.Validation, ValidationSplits.Test] : [ValidationSplits.Validation];
        return
        [
            .. splits.Select((split, i) =>
            {
                var piece = new SegmentRecord
                {
                    Number = number + i,
                    Stretch = -1,
                    Start = step,
                    Steps = 0,
                    Position = 0,
                    Parent = parent,
                    Identity = "",
                    State = !ready ? SegmentState.Waiting : state.Status == JobStatus.Paused ? SegmentState.Held : SegmentState.Planned,
                    Output = false,
                    FinalSplit = split,
                };
                return piece with { Identity = Identify(spec, state.Placement!, null, piece, lineage) };
            }),
        ];
    }

    /// <summary>What a worker is told. The parent's checkpoint must be known.</summary>
    public static SegmentWork Work(string job, JobSpec spec, JobState state, SegmentRecord segment)
    {
        Stretch? stretch = segment.Stretch < 0 ? null : state.Stretches[segment.Stretch].Plan;
        return new SegmentWork
        {
            Job = job,
            Segment = segment.Number,
            Identity = segment.Identity,
            Trainer = spec.Trainer,
            Settings = (JsonObject)spec.Settings.DeepClone(),
            Seed = spec.Seed,
            Parent = segment.Parent is { } parent ? state.Segments[parent].Checkpoint : null,
            Output = segment.Output,
            Start = segment.Start,
            Steps = segment.Steps,
            Plan = Plan(stretch, segment),
            Validate = Validate(spec, stretch, segment),
            Guard = Guard(stretch, segment),
            TrainerDigest = state.Placement!.Trainer,
            DataDigest = state.Placement.Data,
            Class = state.Placement.Class,
            Labels = spec.Resources.Labels.Count == 0 ? null : spec.Resources.Labels,
        };
    }

    /// <summary>The rates of a segment.</summary>
    public static RatePlan Plan(Stretch? stretch, SegmentRecord segment) => stretch is null
        ? new RatePlan([])
        : new RatePlan([.. stretch.Runs.Select(run => new RateRun(run.Steps, run.From, run.To))], stretch.Offset)
            .Trim(segment.Position, segment.Steps);

    private static string ParentIdentity(JobState state, SegmentRecord segment) =>
        segment.Parent is { } parent ? state.Segments[parent].Identity : SegmentIdentity.Init;

    private static string Identify(JobSpec spec, JobPlacement placement, Stretch? stretch, SegmentRecord segment, string lineage) =>
        Identity(spec, placement, stretch, segment, lineage).Hash();

    private static SegmentIdentity Identity(JobSpec spec, JobPlacement placement, Stretch? stretch, SegmentRecord segment, string lineage) => new()
    {
        Kind = segment.Steps == 0 ? "evaluate" : "train",
        Parents = [lineage],
        Start = segment.Start,
        Steps = segment.Steps,
        Plan = Plan(stretch, segment),
        Settings = (JsonObject)spec.Settings.DeepClone(),
        Seed = spec.Seed,
        Guard = Guard(stretch, segment),
        Validate = Validate(spec, stretch, segment),
        Trainer = placement.Trainer,
        Workload = spec.Trainer.Workload,
        Data = placement.Data,
        Class = placement.Class,
    };

    private static ValidationRequest? Validate(JobSpec spec, Stretch? stretch, SegmentRecord segment)
    {
        if (stretch is null)
        {
            return new ValidationRequest { AtEnd = true, Split = segment.FinalSplit! };
        }

        bool last = segment.Position + segment.Steps == stretch.Steps;
        long every = stretch.Role == StretchRole.Path ? spec.Validation.Every : 0;
        if (stretch.ValidateEvery > 0 || stretch.ValidateAtEnd)
        {
            // A path that is validated in full at its end is so on its way too, where the job asks for that.
            return new ValidationRequest
            {
                Every = stretch.FullValidation ? every : stretch.ValidateEvery,
                AtEnd = stretch.ValidateAtEnd && last,
                Split = stretch.FullValidation ? ValidationSplits.Validation : ValidationSplits.Probe,
            };
        }

        return every > 0
            ? new ValidationRequest { Every = every, Split = ValidationSplits.Validation, Samples = spec.Validation.Samples }
            : null;
    }

    private static DivergenceLimits? Guard(Stretch? stretch, SegmentRecord segment) => stretch?.Guard is { } guard
        ? new DivergenceLimits
        {
            MaxLossRise = guard.MaxLossRise,
            Patience = guard.Patience,
            ReferenceLoss = segment.Watch?.ReferenceLoss ?? guard.ReferenceLoss,
            EarlierLosses = segment.Watch?.Losses,
        }
        : null;
}
