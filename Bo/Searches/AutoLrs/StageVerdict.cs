using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Searches.AutoLrs;

// Notation
//   fᵢ ± σᵢ  forecast of candidate i and what of its deviation is its own, relative to the level
//   x        (log rate, recency): candidates of this stage at recency 1, of the one before at 3/4, …
//   m, C     posterior mean and covariance of a Gaussian process over x
//   tie      one standard error e = √(Cᵢᵢ + C** − 2Cᵢ*), at least a third of a percent of the level, at most one percent;
//            the running rate is told from another only by more than 1.28 e, their 80 % interval

/// <summary>What a race says of its candidates so far.</summary>
internal sealed class StageVerdict
{
    /// <summary>A difference above this share of the loss counts, however little is known.</summary>
    private const double MostTie = 0.01;

    /// <summary>Half an 80 % interval, in deviations.</summary>
    private const double Interval = 1.2816;

    private readonly Racer[] _racers;
    private readonly StageForecast[] _forecasts;
    private readonly ForecastTarget _target;
    private readonly double _level;
    private readonly double _widening;
    private readonly bool _prefersLast;
    private readonly LogRange _range;

    private StageVerdict(AutoLrsState state, Racer[] racers, StageForecast[] forecasts, ForecastTarget target, LogRange range)
    {
        (_racers, _forecasts, _target, _range) = (racers, forecasts, target, range);
        _widening = state.Calibration.Widening;
        _prefersLast = state.Calibration.PrefersLast;
        _level = Math.Max(Math.Abs(state.Level ?? racers.Min(racer => racer.Last)), 1e-12);
    }

    /// <summary>A difference that counts as none.</summary>
    public double Tie => StageForecaster.LeastTie * _level;

    /// <summary>Forecasts every candidate that is alive, those that left the race too.</summary>
    public static StageVerdict Of(AutoLrsState state, StageSpan stage, LogRange range)
    {
        ForecastTarget target = stage.Signal == SearchSignal.Training
            ? new ForecastTarget(stage.Steps - stage.Window, stage.Window)
            : new ForecastTarget(stage.Steps);
        Racer[] alive = [.. state.Racers.Where(racer => racer.IsAlive).OrderBy(racer => racer.Rate)];
        IReadOnlyList<StageForecast?> forecasts = StageForecaster.Predict([.. alive.Select(Curve)], target);
        return new StageVerdict(state, alive, [.. forecasts.Select(f => f!)], target, range);
    }

    /// <summary>What a candidate is expected to reach.</summary>
    public double MeanOf(Racer racer) => _prefersLast ? racer.Last : At(racer).Mean;

    /// <summary>The forecast as it is recorded: its deviation widened by what became of earlier ones.</summary>
    public Forecast ForecastOf(Racer racer) => new(MeanOf(racer), At(racer).Deviation * _widening);

    /// <summary>What a candidate would reach if it decayed from the end of its probe on; null where the law says nothing of it.</summary>
    public Forecast? Decayed(Racer racer, double final)
    {
        StageForecast? decayed = StageForecaster.Predict([.. _racers.Select(Curve)], _target, [new DecayArm(racer.Rate, final, racer.Made)])[^1];
        StageForecast constant = At(racer);
        return decayed is null || !constant.Lawful
            ? null
            : new Forecast(MeanOf(racer) + decayed.Mean - constant.Mean, decayed.Deviation * _widening);
    }

    /// <summary>The winner among those that went furthest, and why.</summary>
    public (Racer Winner, string Why) Winner(AutoLrsState state)
    {
        int round = _racers.Max(racer => racer.Round);
        GaussianProcess process = Process(state);
        Prediction[] posterior = [.. _racers.Select(racer => process.Predict(Point(racer)))];
        int[] last = [.. Enumerable.Range(0, _racers.Length).Where(i => _racers[i].Round == round && IsTold(_racers[i]))];
        if (last.Length == 0)
        {
            Racer least = _racers.Where(racer => racer.Round == round).MinBy(racer => racer.Last)!;
            return (least, $"{least.Rate:G4} has the lowest loss so far, {least.Last:G4}.");
        }

        int best = last.MinBy(i => posterior[i].Mean);
        int[] equal = [.. last.Where(i => posterior[i].Mean - posterior[best].Mean <= Math.Clamp(Error(process, i, best), StageForecaster.LeastTie, MostTie))];
        double mean = _racers.Average(MeanOf);
        string Expected(int i) => $"{mean + (posterior[i].Mean * _level):G4}";
        int furthest = _racers.Count(racer => racer.Round == round);
        string untold = last.Length < furthest ? $", {furthest - last.Length} of which cannot be forecast yet" : "";
        string among = (furthest < _racers.Length ? $"the {furthest} rates that went furthest" : $"{furthest} rates that survived") + untold;
        string lowest = $"{_racers[best].Rate:G4} has the lowest expected loss at the end of the stage, {Expected(best)} with its neighbours weighed in, of {among}";
        int running = Array.FindIndex(_racers, racer => racer.Rate == state.Running);
        if (running >= 0 && running != best && _racers[running].Round == round && IsTold(_racers[running])
            && posterior[running].Mean - posterior[best].Mean <= Math.Max(Interval * Error(process, running, best), StageForecaster.LeastTie))
        {
            return (_racers[running], $"{lowest}; the running rate, {_racers[running].Rate:G4} with {Expected(running)}, cannot be told from it and stays.");
        }

        int largest = running == best ? best : equal.MaxBy(i => _racers[i].Rate);
        return largest == best
            ? (_racers[best], $"{lowest}.")
            : (_racers[largest], $"{lowest}; {_racers[largest].Rate:G4}, with {Expected(largest)}, cannot be told from it, and of equals the largest rate is taken.");
    }

    private static StageCurve Curve(Racer racer) => new(racer.Rate, racer.Curve);

    private StageForecast At(Racer racer) => _forecasts[Array.IndexOf(_racers, racer)];

    private double[] Point(Racer racer) => [_range.Encode(racer.Rate), 1];

    /// <summary>Whether the process was shown a candidate: one that runs off tells nothing of its neighbours.</summary>
    private bool IsTold(Racer racer) => At(racer).Lawful || _racers.Length < 3;

    private double Error(GaussianProcess process, int i, int best)
    {
        double[] one = Point(_racers[i]);
        double[] other = Point(_racers[best]);
        return Math.Sqrt(Math.Max(0, process.Predict(one).Variance + process.Predict(other).Variance - (2 * process.Covariance(one, other))));
    }

    private GaussianProcess Process(AutoLrsState state)
    {
        double mean = _racers.Average(MeanOf);
        var points = new List<double[]>();
        var targets = new List<double>();
        var deviations = new List<double>();
        foreach (Racer racer in _racers.Where(IsTold))
        {
            points.Add(Point(racer));
            targets.Add((MeanOf(racer) - mean) / _level);
            deviations.Add(Math.Max(At(racer).Own / _level, 1e-6));
        }

        foreach (Remembered memory in state.Memory)
        {
            points.Add(StageGain.Point(_range, memory, state.Stage));
            targets.Add(memory.Change);
            deviations.Add(Math.Max(memory.Deviation, 1e-6));
        }

        return GaussianProcess.Fit(new Observations(points, targets, deviations));
    }
}
