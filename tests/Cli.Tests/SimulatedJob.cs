using System.Text.Json;
using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Simulation;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Cli.Tests;

/// <summary>A job as a server shows it after its end: a real search over a noisy quadratic, run in memory.</summary>
internal sealed class SimulatedJob
{
    private const string Metric = "validation_loss";

    private SimulatedJob(string spec, ISearch search, int parallelism, ISimulatedTrainer<QuadraticState>? trainer = null)
    {
        Spec = JsonDocument.Parse(spec).RootElement;
        Run = new SearchSimulator<QuadraticState>(search, trainer ?? new SimulatedQuadratic(NoisyQuadratic.Standard(), 1), parallelism).Run();
        var events = new List<JobEventView> { Event(1, "job_submitted", new { spec = Spec }) };
        events.AddRange(Run.Events.Select((e, i) => e switch
        {
            Decided decided => Event(i + 2, "search_decided", new { decision = decided.Decision, decidedFrom = LastObserved(i) }),
            Observed observed => Event(i + 2, "stretch_observed", new { observation = observed.Observation }),
            _ => throw new InvalidOperationException(),
        }));
        Events = events;
    }

    public JsonElement Spec { get; }

    public SimulatedSearch<QuadraticState> Run { get; }

    public IReadOnlyList<JobEventView> Events { get; }

    public CurvesView Curves => new([.. Run.Stretches.Where(s => s.Result.Losses.Count > 0).Select(s => new CurveView(
        s.Plan.Number, s.Plan.Role == StretchRole.Path ? "path" : "probe", s.Plan.Stage, s.Plan.Runs[0].From,
        s.Result.Outcome.ToString().ToLowerInvariant(),
        [.. s.Result.Losses.Select((_, i) => s.Plan.Start + i)],
        [.. s.Plan.Runs.Rates(s.Plan.Offset, s.Result.Losses.Count).Select(rate => (double?)rate)],
        [.. s.Result.Losses.Select(loss => (double?)loss)],
        []))]);

    public JobResult Result
    {
        get
        {
            long start = 0;
            var runs = new List<ScheduleRun>();
            foreach (RateRun run in Run.Schedule)
            {
                runs.Add(new ScheduleRun(start, run.Steps, run.From, run.To, "why"));
                start += run.Steps;
            }

            double loss = Run.Stretches[^1].Result.Losses.DefaultIfEmpty(1).Last();
            return new JobResult
            {
                Job = "j1",
                Name = Spec.GetProperty("name").GetString()!,
                Status = Run.Failure is null ? JobStatus.Succeeded : JobStatus.Failed,
                Error = Run.Failure is { } failure ? new JobError(failure.Code, failure.Reason) : null,
                EndedBy = "steps",
                Reproducible = true,
                Objective = new ObjectiveResult(Metric, "minimize", loss, start, 0),
                Metrics = new Dictionary<string, double> { [Metric] = loss },
                Schedule = new ScheduleResult(runs),
                Steps = new StepCounts(Run.Training, Run.Search, 10, 3),
                Stages = [],
                Trials = new TrialsResult(1, []),
                Seconds = new SecondsResult(1, 1),
                Seed = 1,
                Version = "0",
            };
        }
    }

    public static SimulatedJob Annealed(int parallelism = 1, double min = 1e-4, double max = 1, int race = 0) => new(
        $$"""{ "name": "quadratic", "trainer": { "workload": "noisy-quadratic" }, "steps": 1600, "parallelTrialCount": {{parallelism}}, "seed": 1 }""",
        new Orchestrator.Bo.Searches.Annealed.AnnealedSearch(new SearchProblem(1600, min, max, null, 1, parallelism), new() { Race = race }),
        parallelism);

    /// <summary>A race of which the fork that judged it is the model: training beyond makes it worse.</summary>
    public static SimulatedJob Shortened() => new(
        """{ "name": "quadratic", "trainer": { "workload": "noisy-quadratic" }, "steps": 1600, "parallelTrialCount": 8, "seed": 1 }""",
        new Orchestrator.Bo.Searches.Annealed.AnnealedSearch(new SearchProblem(1600, 1e-4, 1, null, 1, 8), new() { Race = 1 }),
        8,
        new OverFittingQuadratic(1, 1040));

    public static SimulatedJob AutoLrs(long steps = 1100, long stage = 100) => new(
        $$"""{ "name": "quadratic", "trainer": { "workload": "noisy-quadratic" }, "steps": {{steps}}, "schedule": { "algorithm": "autolrs" }, "seed": 1 }""",
        new Orchestrator.Bo.Searches.AutoLrs.AutoLrsSearch(
            new SearchProblem(steps, 1e-3, 1, null, 1, 1),
            new AutoLrsSettings(stage, 1, null, Math.Max(5, stage / 10), 6, SearchSignal.Training, 1)),
        1);

    public static SimulatedJob Halving() => new(
        """{ "name": "quadratic", "trainer": { "workload": "noisy-quadratic" }, "steps": 400, "schedule": { "algorithm": "fixed" }, "parameters": [ { "name": "schedule.peak" } ], "algorithm": "halving", "seed": 1 }""",
        new Orchestrator.Bo.Searches.Peaks.PeakSearch(
            new SearchProblem(400, 1e-3, 1, null, 1, 1), [0.001, 0.01, 0.05, 1e200], [new(4, 20), new(2, 60), new(1, 400)],
            (peak, steps) => [new RateRun(steps, peak, 0)]),
        1);

    private static JobEventView Event(long sequence, string type, object payload) =>
        new(sequence, type, JsonSerializer.SerializeToElement(payload, WireJson.Options));

    private long LastObserved(int index)
    {
        int last = index;
        while (last >= 0 && Run.Events[last] is not Observed)
        {
            last--;
        }

        return last + 2;
    }
}
