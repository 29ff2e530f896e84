using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Simulation;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.TestKit.Training;

/// <summary>
/// Trains a segment on a small noisy quadratic, as a trainer and its agent would: the same guard, the same fence posts,
/// the same rule for what a stop leaves. A function of its arguments: what it gives may be compared bit for bit.
/// </summary>
public static class QuadraticTrainer
{
    /// <summary>Samples of the probe subset, of validation and of test: their costs are no whole numbers of steps.</summary>
    public const long ProbeSamples = 64;

    /// <inheritdoc cref="ProbeSamples"/>
    public const long FullSamples = 100;

    /// <summary>A loss above this counts as not finite, so that a path diverges while somebody waits for it.</summary>
    private const double Overflow = 1e4;

    private static readonly NoisyQuadratic Problem = new([1, 0.5, 0.2, 0.1, 0.05], sigma: 0.3, momentum: 0.9, lossNoise: 0.02);

    /// <summary>Runs a segment.</summary>
    /// <param name="work">What to do.</param>
    /// <param name="parent">Bytes of the checkpoint to start from; null = the initial weights.</param>
    /// <param name="stopAfter">Steps after which it is told to stop and to keep what it has; null = it is not.</param>
    public static TrainedSegment Run(SegmentWork work, byte[]? parent, long? stopAfter = null)
    {
        QuadraticState state = parent is null ? Problem.Initial(work.Seed) : Read(parent);
        double[] rates = work.Plan.Expand(work.Steps);
        LossRise rise = work.Guard.ToLossRise();
        var points = new List<SeriesPoint>();
        var validations = new List<ValidationResult>();
        long done = 0;
        while (done < work.Steps && done < (stopAfter ?? long.MaxValue))
        {
            long step = work.Start + done;
            QuadraticStep made = Problem.Step(state, rates[done], step, work.Seed);
            if (!(Math.Abs(made.Loss) < Overflow) || rise.IsExceededBy(made.Loss))
            {
                return TrainedSegment.Diverged(done, step);
            }

            points.Add(new SeriesPoint(step, rates[done], made.Loss, made.GradientL1, made.GradientL2));
            state = made.State;
            done++;
            if (work.Validate is { Every: > 0 } validate && (step + 1) % validate.Every == 0)
            {
                validations.Add(Evaluate(validate, state, step + 1));
            }
        }

        bool whole = done == work.Steps;
        long border = work.Start + done;
        if (whole && work.Validate is { } last && (last.AtEnd || work.Steps == 0) && (validations.Count == 0 || validations[^1].Step != border))
        {
            validations.Add(Evaluate(last, state, border));
        }

        return !whole && done == 0
            ? TrainedSegment.Released(done)
            : new TrainedSegment(CompletionOutcome.Succeeded, done)
            {
                Series = points.Count == 0 ? null : Encoding.UTF8.GetString(SeriesCsv.Format(points)),
                Validations = validations,
                Checkpoint = work.Output || !whole ? Write(state) : null,
            };
    }

    private static ValidationResult Evaluate(ValidationRequest request, QuadraticState state, long step)
    {
        double loss = Problem.Loss(state);
        (string name, double value, long samples) = request.Split switch
        {
            ValidationSplits.Probe => ("probe_loss", loss, ProbeSamples),
            ValidationSplits.Test => ("test_loss", loss * 1.25, FullSamples),
            _ => ("validation_loss", loss, request.Samples ?? FullSamples),
        };
        return new ValidationResult(step, new Dictionary<string, double> { [name] = value }, Samples: samples);
    }

    private static byte[] Write(QuadraticState state) =>
        [.. MemoryMarshal.AsBytes(state.Weights.AsSpan()), .. MemoryMarshal.AsBytes(state.Velocity.AsSpan())];

    private static QuadraticState Read(byte[] bytes)
    {
        double[] values = MemoryMarshal.Cast<byte, double>(bytes).ToArray();
        return new QuadraticState(values[..Problem.Dimension], values[Problem.Dimension..]);
    }
}

/// <summary>What a segment brought.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Steps">Steps made.</param>
public sealed record TrainedSegment(CompletionOutcome Outcome, long Steps)
{
    /// <summary>The series as CSV; null when no step was made.</summary>
    public string? Series { get; init; }

    /// <summary>In order of their steps.</summary>
    public IReadOnlyList<ValidationResult> Validations { get; init; } = [];

    /// <summary>Bytes of the checkpoint of the end; null when none was wanted.</summary>
    public byte[]? Checkpoint { get; init; }

    /// <summary>Why it has no result.</summary>
    public SegmentFailure? Failure { get; init; }

    /// <summary>Address of the checkpoint.</summary>
    public BlobReference? Blob => Checkpoint is null ? null : new BlobReference(Convert.ToHexStringLower(SHA256.HashData(Checkpoint)), Checkpoint.Length);

    /// <summary>The guard fired before the update of a step.</summary>
    public static TrainedSegment Diverged(long steps, long at) => new(CompletionOutcome.Diverged, steps)
    {
        Failure = new SegmentFailure("diverged", $"diverged at step {at}", at),
    };

    /// <summary>It was stopped, and nothing of it can be used.</summary>
    public static TrainedSegment Released(long steps) => new(CompletionOutcome.Released, steps);

    /// <summary>It failed after some steps.</summary>
    public static TrainedSegment Failed(long steps, string kind, bool workerFault = false) => new(CompletionOutcome.Failed, steps)
    {
        Failure = new SegmentFailure(kind, $"{kind}, for a test", WorkerFault: workerFault),
    };

    /// <summary>The message that brings it.</summary>
    public Completion ToCompletion(string token) => new()
    {
        Token = token,
        Outcome = Outcome,
        Steps = Steps,
        Metrics = Validations.Count == 0 ? null : Validations[^1].Metrics,
        Validations = Validations.Count == 0 ? null : Validations,
        Series = Series,
        Checkpoint = Blob,
        Failure = Failure,
        Seconds = new LeaseSeconds(Steps, 0, 0, Steps),
    };
}
