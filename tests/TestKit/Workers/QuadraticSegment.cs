using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Simulation;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit.Training;

namespace Orchestrator.TestKit.Workers;

/// <summary>
/// Trains segments of the noisy quadratic in memory, as the built-in trainer does: the same numbers, and the same bytes
/// of checkpoints.
/// </summary>
public static class QuadraticSegment
{
    private const string Weights = CheckpointFormat.ModelPrefix + "weight";
    private const string Velocity = CheckpointFormat.OptimizerPrefix + "weight.momentum_buffer";

    /// <summary>Runs a segment.</summary>
    /// <param name="lease">What to run.</param>
    /// <param name="parent">Bytes of the checkpoint to start from; null = from the seed.</param>
    /// <returns>What an agent would report, and the bytes of the checkpoint it names.</returns>
    public static (Completion Completion, byte[]? Checkpoint) Run(Lease lease, byte[]? parent)
    {
        SegmentWork work = lease.Work;
        double momentum = work.Settings["momentum"] is JsonValue given ? given.GetValue<double>() : 0.9;
        NoisyQuadratic problem = NoisyQuadratic.Standard(momentum);
        QuadraticState state = parent is null ? problem.Initial(work.Seed) : Read(parent);
        double[] rates = work.Plan.Expand(work.Steps);
        LossRise rise = work.Guard.ToLossRise();
        var series = new List<SeriesPoint>();
        var validations = new List<ValidationResult>();
        for (int i = 0; i < work.Steps; i++)
        {
            long t = work.Start + i;
            QuadraticStep step = problem.Step(state, rates[i], t, work.Seed);
            if (!IsFinite(step) || rise.IsExceededBy(step.Loss))
            {
                return (new Completion
                {
                    Token = lease.Token,
                    Outcome = CompletionOutcome.Diverged,
                    Steps = i,
                    Failure = new SegmentFailure("diverged", $"diverged at step {t}", t, series.LastOrDefault().Loss),
                    Seconds = new LeaseSeconds(0.25, 0, 0, 0.25),
                }, null);
            }

            series.Add(new SeriesPoint(t, rates[i], step.Loss, step.GradientL1, step.GradientL2));
            state = step.State;
            if (work.Validate is { Every: > 0 } every && (t + 1) % every.Every == 0)
            {
                validations.Add(Validate(problem, state, every, t + 1));
            }
        }

        long end = work.Start + work.Steps;
        if (work.Validate is { } last && (last.AtEnd || work.Steps == 0) && (validations.Count == 0 || validations[^1].Step != end))
        {
            validations.Add(Validate(problem, state, last, end));
        }

        byte[]? checkpoint = work.Output ? Write(state, end) : null;
        return (new Completion
        {
            Token = lease.Token,
            Outcome = CompletionOutcome.Succeeded,
            Steps = work.Steps,
            Metrics = validations.LastOrDefault()?.Metrics ?? new Dictionary<string, double>(),
            Validations = validations,
            Series = series.Count == 0 ? null : Encoding.UTF8.GetString(SeriesCsv.Format(series)),
            Checkpoint = checkpoint is null ? null : new BlobReference(Hash(checkpoint), checkpoint.Length),
            Seconds = new LeaseSeconds(0.25, 0, 0, 0.25),
            Log = $"segment {work.Segment} of {work.Job}\n",
        }, checkpoint);
    }

    /// <summary>Lower-case hex SHA-256.</summary>
    public static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static bool IsFinite(QuadraticStep step) =>
        double.IsFinite(step.Loss) && double.IsFinite(step.GradientL1) && double.IsFinite(step.GradientL2);

    private static ValidationResult Validate(NoisyQuadratic problem, QuadraticState state, ValidationRequest request, long step)
    {
        string metric = request.Split == ValidationSplits.Probe ? "probe_loss" : "validation_loss";
        double loss = problem.Loss(state);
        return double.IsFinite(loss)
            ? new ValidationResult(step, new Dictionary<string, double> { [metric] = loss })
            : new ValidationResult(step, new Dictionary<string, double>(), [metric]);
    }

    private static byte[] Write(QuadraticState state, long step)
    {
        long[] shape = [state.Weights.Length];
        SafetensorsHeader header = SafetensorsHeader.Create(
            [(Weights, "F64", shape), (Velocity, "F64", shape)],
            CheckpointFormat.Metadata("noisy-quadratic", "sgd", step));
        byte[] bytes = new byte[header.FileLength];
        header.ToBytes().CopyTo(bytes, 0);
        MemoryMarshal.AsBytes(state.Weights.AsSpan()).CopyTo(Tensor(bytes, header, Weights));
        MemoryMarshal.AsBytes(state.Velocity.AsSpan()).CopyTo(Tensor(bytes, header, Velocity));
        return bytes;
    }

    private static QuadraticState Read(byte[] checkpoint)
    {
        SafetensorsHeader header = SafetensorsHeader.Read(checkpoint);
        return new QuadraticState(
            MemoryMarshal.Cast<byte, double>(Tensor(checkpoint, header, Weights)).ToArray(),
            MemoryMarshal.Cast<byte, double>(Tensor(checkpoint, header, Velocity)).ToArray());
    }

    private static Span<byte> Tensor(byte[] file, SafetensorsHeader header, string name)
    {
        SafetensorsEntry entry = header.Tensors.Single(tensor => tensor.Name == name);
        return file.AsSpan((int)(header.DataOffset + entry.Offset), (int)entry.Length);
    }
}
