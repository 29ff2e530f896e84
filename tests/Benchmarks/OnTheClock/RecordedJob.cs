using System.Text.Json;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Benchmarks.OnTheClock;

// Wall clock of a job on slots that the machine does not have
//   ready(s)   the later of the observation that caused s and the end of its parent
//   start(s)   the later of ready(s) and the first free slot; stretches take slots in the order they were planned
//   end(s)     start(s) + cost(s); an observation is made when its stretch and all that are observed before it have ended
// Bo's SearchSimulator reckons so for a search that it runs itself. Here the product has run it, and its stored events
// are gone through again: the same order, with the seconds that each segment really took.

/// <summary>A job as its stored events tell it: what was planned, what caused it, and what each segment took.</summary>
internal sealed class RecordedJob
{
    private readonly JobSpec _spec;
    private readonly List<Step> _course = [];
    private readonly Dictionary<int, Segment> _segments = [];
    private readonly int _planned;

    /// <summary>Goes through them.</summary>
    /// <param name="events">All of a job's events, in order.</param>
    public RecordedJob(IEnumerable<JobEventView> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        JobSpec? spec = null;
        foreach (JobEventView e in events)
        {
            switch (e.Type)
            {
                case "job_submitted":
                    spec = JobSpecReader.Read(e.Payload.GetProperty("spec")).Spec;
                    break;
                case "search_decided" when Decision(e) is PlanStretch { Stretch: var stretch }:
                    // Segments are numbered as they are planned.
                    int count = (int)((stretch.Steps + spec!.SegmentSteps - 1) / spec.SegmentSteps);
                    _course.Add(new Step(stretch, _planned, count, 0));
                    _planned += count;
                    break;
                case "stretch_observed":
                    _course.Add(new Step(null, 0, 0, e.Payload.GetProperty("observation").GetProperty("stretch").GetInt32()));
                    break;
                case "segment_finished":
                    _segments[e.Payload.GetProperty("segment").GetInt32()] = new Segment(
                        e.Payload.GetProperty("steps").GetInt64(),
                        e.Payload.TryGetProperty("trainerSeconds", out JsonElement taken) ? taken.GetDouble() : 0);
                    break;
                default:
                    break;
            }
        }

        _spec = spec ?? throw new InvalidDataException("the events of a job begin with its job file");
    }

    /// <summary>The critical path on some slots in trainings: time is counted in steps, and nothing else takes any.</summary>
    public double CriticalPath(int slots) =>
        Walk(slots, step => Run(step).Sum(segment => segment.Steps) + StretchCost.Of(step.Stretch!).Evaluation) / _spec.Steps;

    /// <summary>The wall clock on some slots in seconds: each segment takes those it took, the evaluations at the end run at once.</summary>
    /// <param name="slots">Slots.</param>
    /// <param name="overhead">Seconds that each segment takes beside its trainer's.</param>
    public double Seconds(int slots, double overhead) => Walk(slots, step => Run(step).Sum(segment => segment.Seconds + overhead)) + Final(overhead);

    /// <summary>
    /// The wall clock on some slots over that of a plain training on one, a step of which takes what one of the path took.
    /// Both begin with a trainer that is started and opened, and end with the full validation and the test.
    /// </summary>
    /// <param name="slots">Slots.</param>
    /// <param name="overhead">As of <see cref="Seconds"/>.</param>
    public double OverPlain(int slots, double overhead)
    {
        Segment[] path = [.. _course.Where(step => step.Stretch is { Role: StretchRole.Path }).SelectMany(Run)];
        Segment[] trained = path.Length > 0 ? path : [.. _course.SelectMany(Run)];
        double pace = trained.Sum(segment => segment.Seconds) / trained.Sum(segment => segment.Steps);
        double plain = Opening(pace) + (pace * _spec.Steps) + (overhead * Math.Ceiling((double)_spec.Steps / _spec.SegmentSteps));
        return Seconds(slots, overhead) / (plain + Final(overhead));
    }

    /// <summary>The overhead of a segment at which the simulated wall clock is the one that was measured.</summary>
    /// <param name="slots">Slots it was measured on: with others the wait for a slot would pass for overhead, or the other way round.</param>
    /// <param name="wall">The wall clock in seconds.</param>
    public double Overhead(int slots, double wall)
    {
        double low = 0;
        double high = wall;
        for (int halving = 0; halving < 40; halving++)
        {
            double middle = (low + high) / 2;
            (low, high) = Seconds(slots, middle) < wall ? (middle, high) : (low, middle);
        }

        return low;
    }

    /// <summary>Seconds that the first segment took beyond its steps: every job has a trainer opened, and its first steps are slow.</summary>
    /// <param name="pace">Seconds of a step.</param>
    private double Opening(double pace) =>
        _segments.TryGetValue(0, out Segment? first) ? Math.Max(0, first.Seconds - (pace * first.Steps)) : 0;

    private double Final(double overhead) =>
        overhead + _segments.Where(segment => segment.Key >= _planned).Select(segment => segment.Value.Seconds).DefaultIfEmpty(0).Max();

    private static SearchDecision? Decision(JobEventView e) =>
        e.Payload.GetProperty("decision").Deserialize<SearchDecision>(WireJson.Options);

    private IEnumerable<Segment> Run(Step step) =>
        Enumerable.Range(step.First, step.Count).Where(_segments.ContainsKey).Select(number => _segments[number]);

    private double Walk(int slots, Func<Step, double> cost)
    {
        double[] free = new double[slots];
        var ends = new List<double>();
        double now = 0;
        foreach (Step step in _course)
        {
            if (step.Stretch is not { } stretch)
            {
                now = Math.Max(now, ends[step.Observed]);
                continue;
            }

            double ready = stretch.Parent is { } parent ? Math.Max(now, ends[parent]) : now;
            int slot = Array.IndexOf(free, free.Min());
            if (cost(step) is > 0 and double taken)
            {
                ready = free[slot] = Math.Max(ready, free[slot]) + taken;
            }

            ends.Add(ready);
        }

        return ends.Max();
    }

    /// <summary>A stretch that was planned, or one that was observed.</summary>
    private sealed record Step(Stretch? Stretch, int First, int Count, int Observed);

    private sealed record Segment(long Steps, double Seconds);
}
