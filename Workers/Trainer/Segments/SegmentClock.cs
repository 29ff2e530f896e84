using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer.Segments;

/// <summary>What a segment's time is spent on.</summary>
internal enum SegmentActivity
{
    Training,
    Evaluation,
    Checkpoint,
}

/// <summary>Adds up where a segment's wall time goes.</summary>
internal sealed class SegmentClock(TimeProvider clock)
{
    private readonly TimeSpan[] _spent = new TimeSpan[3];

    internal void During(SegmentActivity activity, Action action)
    {
        var start = clock.GetTimestamp();
        action();
        _spent[(int)activity] += clock.GetElapsedTime(start);
    }

    internal T During<T>(SegmentActivity activity, Func<T> action)
    {
        var start = clock.GetTimestamp();
        var result = action();
        _spent[(int)activity] += clock.GetElapsedTime(start);
        return result;
    }

    internal SegmentSeconds ToSeconds() => new(
        _spent[(int)SegmentActivity.Training].TotalSeconds,
        _spent[(int)SegmentActivity.Evaluation].TotalSeconds,
        _spent[(int)SegmentActivity.Checkpoint].TotalSeconds);
}
