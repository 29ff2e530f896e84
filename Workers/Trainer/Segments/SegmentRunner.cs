using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Trainer.Checkpoints;
using Orchestrator.Workers.Trainer.Workloads;

namespace Orchestrator.Workers.Trainer.Segments;

/// <summary>Runs one segment: restore, steps, validations, checkpoint. Synchronous, on the calling thread.</summary>
/// <param name="run">The model.</param>
/// <param name="workload">Its name, for checkpoints.</param>
/// <param name="memory">The checkpoints used last.</param>
/// <param name="scratch">Folder for the series.</param>
/// <param name="stop">Looked at between steps.</param>
/// <param name="progress">Told of every step and evaluation batch.</param>
/// <param name="clock">Measures where the time goes.</param>
internal sealed class SegmentRunner(
    ITrainingRun run, string workload, CheckpointMemory memory, string scratch, StopSignal stop, ProgressReporter progress,
    TimeProvider clock)
{
    private readonly SeriesRecorder _series = new();
    private readonly List<ValidationResult> _validations = [];
    private readonly SegmentClock _time = new(clock);

    /// <summary>Runs the segment to its end, or to a stop.</summary>
    /// <exception cref="TrainerException">Bad input; divergence; or a checkpoint that cannot be read.</exception>
    internal DoneReply Run(TrainRequest request)
    {
        var rates = SegmentRequest.Check(request);
        var guard = new DivergenceGuard(request.Guard);
        progress.Begin(_series);
        _time.During(SegmentActivity.Checkpoint, () => Restore(request.Parent));

        var done = 0L;
        while (done < request.Steps && stop.Request is null)
        {
            var step = request.Start + done;
            var rate = rates[done];
            _time.During(SegmentActivity.Training, () => Step(step, rate, guard));
            done++;
            progress.Step(done);
            if (request.Validate is { Every: > 0 } validate && (step + 1) % validate.Every == 0)
            {
                Validate(validate, step + 1);
            }
        }

        var border = request.Start + done;
        if (done == request.Steps && !stop.Abandoned && request.Validate is { } last
            && (last.AtEnd || request.Steps == 0) && (_validations.Count == 0 || _validations[^1].Step != border))
        {
            Validate(last, border);
        }

        // What was to end without a checkpoint needs one where it is cut, or its steps were for nothing.
        var target = request.Output ?? (done > 0 && done < request.Steps ? stop.Request?.Output : null);
        var checkpoint = target is { } output && !stop.Abandoned
            ? _time.During(SegmentActivity.Checkpoint, () => Save(output, border))
            : null;
        return new()
        {
            Re = request.Id,
            Steps = done,
            Metrics = _validations.Count > 0 ? _validations[^1].Metrics : new Dictionary<string, double>(),
            NonFinite = _validations.Count > 0 ? _validations[^1].NonFinite : null,
            Validations = _validations,
            Series = _series.Count > 0 ? _series.Write(scratch, request.Segment) : null,
            Checkpoint = checkpoint,
            Seconds = _time.ToSeconds(),
        };
    }

    private void Restore(CheckpointSource? parent)
    {
        if (parent is null)
        {
            run.Initialize();
            return;
        }

        var image = memory.Find(parent.Sha256);
        if (image is null)
        {
            image = DurableFile.ReadVerified(parent, memory);
            memory.Keep(image);
        }

        image.Restore(run, workload);
    }

    private void Step(long step, double rate, DivergenceGuard guard)
    {
        var measure = run.Measure(step);
        _series.Add(step, rate, measure);
        if (guard.Check(measure) is { } reason)
        {
            throw TrainerException.Diverged(step, guard.LastFiniteLoss, $"diverged at step {step}, rate {rate}: {reason}");
        }

        run.Update(rate);
    }

    private void Validate(ValidationRequest request, long step)
    {
        var evaluation = _time.During(
            SegmentActivity.Evaluation,
            () => run.Evaluate(request.Split, request.Samples, () =>
            {
                progress.Alive();
                return !stop.Abandoned;
            }));
        if (evaluation is not null)
        {
            var metrics = evaluation.Metrics;
            var nonFinite = metrics.Where(m => !double.IsFinite(m.Value)).Select(m => m.Key).ToArray();
            _validations.Add(new(
                step,
                metrics.Where(m => double.IsFinite(m.Value)).ToDictionary(m => m.Key, m => m.Value),
                nonFinite.Length > 0 ? nonFinite : null,
                evaluation.Samples));
        }
    }

    private CheckpointWritten Save(CheckpointTarget output, long step)
    {
        var image = CheckpointImage.Of(run, workload, step, memory);
        DurableFile.Write(output.Path, image.Bytes);
        memory.Keep(image);
        return new(image.Sha256, image.Bytes.Count);
    }
}
