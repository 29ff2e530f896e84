using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer.Segments;

/// <summary>
/// Writes signs of life from the training thread itself, so that a step that hangs is a silence that an agent notices.
/// </summary>
/// <param name="request">What is answered.</param>
/// <param name="write">Writes a reply.</param>
/// <param name="interval">Time between two signs.</param>
/// <param name="clock">Measures it.</param>
internal sealed class ProgressReporter(long request, Action<TrainerReply> write, TimeSpan interval, TimeProvider clock)
{
    private const int PointsPerLine = 64;

    private static readonly string[] Columns = ["step", "rate", "loss"];

    private SeriesRecorder _series = new();
    private long _last = clock.GetTimestamp();
    private long _steps;

    /// <summary>A segment begins; its points come from <paramref name="series"/>.</summary>
    internal void Begin(SeriesRecorder series)
    {
        _series = series;
        _steps = 0;
    }

    /// <summary>A step is done.</summary>
    /// <param name="steps">Steps of the segment so far.</param>
    internal void Step(long steps)
    {
        _steps = steps;
        Alive();
    }

    /// <summary>Something is going on; writes a line if the last one is old enough.</summary>
    internal void Alive()
    {
        if (clock.GetElapsedTime(_last) >= interval)
        {
            _last = clock.GetTimestamp();
            write(new ProgressReply
            {
                Re = request,
                Steps = _steps,
                Columns = Columns,
                Points = _series.TakeThinned(PointsPerLine),
            });
        }
    }
}
