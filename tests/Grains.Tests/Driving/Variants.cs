using System.Text.Json.Nodes;
using CsCheck;

namespace Orchestrator.Grains.Tests.Driving;

/// <summary>A job file in what matters to its course.</summary>
internal sealed record Variant(
    string Algorithm,
    int Parallel,
    int SegmentSteps,
    int ValidateEvery,
    bool ValidationSignal,
    int Warmup,
    double? Goal,
    int? Budget,
    double MaxRate,
    int Seed)
{
    private bool IsAnnealed => Algorithm is "annealed" or "race";

    public JsonObject File()
    {
        JsonObject file = Algorithm switch
        {
            "fixed" => JobFiles.Fixed(peak: MaxRate / 10),
            "autolrs" => JobFiles.AutoLrs(),
            "racing" => JobFiles.AutoLrs(steps: 96, stage: 32, probe: 12).With("schedule.settings.racing", true).With("schedule.settings.anneal", true),
            "annealed" => JobFiles.Annealed(),
            "race" => JobFiles.Race(),
            "peaks" => JobFiles.Peaks(),
            _ => JobFiles.Reference(),
        };
        file = file.With("parallelTrialCount", Parallel).With("segmentSteps", IsAnnealed ? 4 * SegmentSteps : SegmentSteps).With("seed", Seed);
        file = ValidateEvery > 0 ? file.With("validation.every", ValidateEvery) : file;
        file = Warmup > 0 ? file.With("schedule.warmup", new JsonObject { ["steps"] = Warmup, ["to"] = MaxRate / 20 }) : file;
        file = Goal is { } goal ? file.With("objective.goal", goal) : file;
        file = Budget is { } budget ? file.With("budget.maxSteps", IsAnnealed ? 7 * budget : budget) : file;
        if (Algorithm is not ("fixed" or "peaks"))
        {
            file = file.With("schedule.range.max", MaxRate);
            file = ValidationSignal && !IsAnnealed ? file.With("schedule.settings.signal", "validation") : file;
        }

        return file;
    }
}

/// <summary>Jobs of all kinds.</summary>
internal static class Variants
{
    public static Gen<Variant> Any { get; } =
        from algorithm in Gen.OneOf("fixed", "autolrs", "autolrs", "racing", "racing", "autolrs-reference", "autolrs-reference", "annealed", "race", "peaks", "peaks")
        from parallel in Gen.Int[1, 3]
        from segmentSteps in Gen.OneOf(3, 7, 20)
        from every in Gen.OneOf(0, 0, 4)
        from signal in Gen.Bool
        from warmup in Gen.OneOf(0, 0, 10)
        from goal in Gen.OneOf<double?>(null, null, 0.05, 0.3)
        from budget in Gen.OneOf<int?>(null, null, null, 60, 95)
        from max in Gen.OneOf(1.0, 8.0)
        from seed in Gen.Int[1, 3]
        select new Variant(algorithm, parallel, segmentSteps, every, signal, warmup, goal, budget, max, seed);
}
