using System.Text;
using System.Text.Json;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Checkpoints;
using Orchestrator.Workers.Agent.Leasing;
using Orchestrator.Workers.Agent.Results;
using Orchestrator.Workers.Agent.Slots;
using Orchestrator.Workers.Agent.Storage;
using Orchestrator.Workers.Agent.Trainers;

namespace Orchestrator.Workers.Agent;

/// <summary>What a slot has of its own.</summary>
/// <param name="Slot">Its supervised trainer.</param>
/// <param name="Device">Its device: cpu, cuda:N.</param>
/// <param name="Scratch">Its folder for the trainers' files.</param>
internal sealed record SlotPlace(TrainerSlot Slot, string Device, string Scratch);

/// <summary>Runs a lease on a slot: from what the silo granted to what it is told.</summary>
internal sealed class SegmentRunner(TrainerCatalog catalog, string? data, TimeProvider time)
{
    /// <summary>How often a trainer says how far it is: what is lost when it crashes is known no better than this.</summary>
    private const double ProgressSeconds = 1;

    /// <summary>Runs a lease to its end; never throws for what a trainer or a job does.</summary>
    internal async Task<FinishedSegment> RunAsync(HeldLease held, SlotPlace place)
    {
        held.BegunAt = time.GetTimestamp();
        var output = new CheckpointTarget(Path.Combine(place.Scratch, $"{Guid.NewGuid():N}.checkpoint"));
        FinishedSegment finished = await RunAsync(held, place, output);
        if (finished.CheckpointFile is null)
        {
            // Of a segment that was given up after it was written.
            DurableFile.DeleteQuietly(output.Path);
        }

        return finished;
    }

    private async Task<FinishedSegment> RunAsync(HeldLease held, SlotPlace place, CheckpointTarget output)
    {
        try
        {
            ResolvedTrainer trainer = catalog.Resolve(held.Work);
            CheckpointLoan? parent = held.Parent is null ? null : await held.Parent;
            Assignment assignment = Prepare(held.Work, trainer, place, parent, output);
            Task<SlotResult> running = place.Slot.RunAsync(assignment, held.Report);
            held.OnStop(place.Slot.Stop);
            SlotResult result = await running;
            held.OnStop(null);
            return Conclude(held, assignment, result);
        }
        catch (SegmentRefusedException e)
        {
            return Failed(held, "bad_input", e.Message, workerFault: false);
        }
        catch (CheckpointLostException e)
        {
            return Failed(held, "no_parent", e.Message, workerFault: true);
        }
        catch (OperationCanceledException) when (held.StopReason is not null)
        {
            return Released(held);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string kind = DiskFull.Is(e) ? "no_space" : "error";
            return Failed(held, kind, $"This worker cannot keep a checkpoint or a series: {e.Message}", workerFault: true);
        }
        catch (Exception e)
        {
            // A defect of the agent: its segment fails, is tried elsewhere and then given up, and the agent lives on.
            return Failed(held, "error", $"The agent failed on this segment: {e}", workerFault: false);
        }
        finally
        {
            _ = held.DropParentAsync();
        }
    }

    /// <summary>The result of a lease that was stopped before it ran.</summary>
    internal FinishedSegment Released(HeldLease held)
    {
        _ = held.DropParentAsync();
        return new(new Completion
        {
            Token = held.Lease.Token,
            Outcome = CompletionOutcome.Released,
            Steps = 0,
            Seconds = Seconds(held, null),
        });
    }

    private Assignment Prepare(
        SegmentWork work, ResolvedTrainer trainer, SlotPlace place, CheckpointLoan? parent, CheckpointTarget output)
    {
        if (work.Trainer.Threads < 1 || !(work.Trainer.HangSeconds > 0) || work.Steps < 0 || work.Plan.Steps < work.Steps)
        {
            throw new SegmentRefusedException(
                $"The segment cannot be run: {work.Steps} steps with a plan of {work.Plan.Steps}, "
                + $"{work.Trainer.Threads} threads, hangSeconds {work.Trainer.HangSeconds}.");
        }

        var open = new OpenRequest
        {
            Protocol = TrainerProtocol.Version,
            Workload = trainer.Workload,
            Settings = work.Settings.ToDictionary(s => s.Key, s => JsonSerializer.SerializeToElement(s.Value)),
            Seed = work.Seed,
            Device = TrainerEnvironment.VisibleName(place.Device),
            Threads = work.Trainer.Threads,
            Data = data,
            Scratch = place.Scratch,
            ProgressSeconds = Math.Min(ProgressSeconds, work.Trainer.HangSeconds / 3),
        };
        var train = new TrainRequest
        {
            Segment = $"{work.Job}/{work.Segment}",
            Parent = parent is null ? null : new CheckpointSource(parent.Path, work.Parent!.Sha256),
            Output = work.Output ? output : null,
            Start = work.Start,
            Steps = work.Steps,
            Plan = work.Plan,
            Validate = work.Validate,
            Guard = work.Guard,
        };
        try
        {
            _ = TrainerProtocol.WriteLine(open);
            _ = TrainerProtocol.WriteLine(train);
        }
        catch (TrainerProtocolException e)
        {
            throw new SegmentRefusedException($"The segment cannot be handed to a trainer: {e.Message}.");
        }

        return new Assignment
        {
            Opening = new TrainerOpening(
                trainer.Command, TrainerEnvironment.For(place.Device, work.Trainer.Threads, data), open),
            Train = train,
            Output = output,
            Hang = TimeSpan.FromSeconds(work.Trainer.HangSeconds),
            MemoryBytes = work.Trainer.MemoryBytes,
            Digest = trainer.Digest,
        };
    }

    private FinishedSegment Conclude(HeldLease held, Assignment assignment, SlotResult result)
    {
        var completion = new Completion
        {
            Token = held.Lease.Token,
            Outcome = CompletionOutcome.Released,
            Steps = 0,
            Seconds = Seconds(held, null),
            Log = result.Log,
        };
        switch (result.Verdict)
        {
            case SegmentVerdict.Released released:
                return new(completion with { Steps = released.Steps });
            case SegmentVerdict.Diverged diverged:
                return new(completion with
                {
                    Outcome = CompletionOutcome.Diverged,
                    Steps = diverged.Steps,
                    Failure = diverged.Failure,
                });
            case SegmentVerdict.Failed failed:
                return new(completion with
                {
                    Outcome = CompletionOutcome.Failed,
                    Steps = failed.Steps,
                    Failure = failed.Failure,
                });
        }

        DoneReply done = ((SegmentVerdict.Done)result.Verdict).Reply;
        completion = completion with { Steps = done.Steps, Seconds = Seconds(held, done.Seconds) };

        // Here and not later: the trainer may write its next series to the same file.
        SegmentFailure? wrong = done.Series is null ? null : SegmentAudit.CheckLength(new FileInfo(done.Series.Path));
        byte[]? series = done.Series is null ? null : ReadSeries(done.Series.Path, wrong is null);
        wrong ??= SegmentAudit.Check(assignment.Train, done, series);
        if (wrong is not null)
        {
            return new(completion with { Outcome = CompletionOutcome.Failed, Failure = wrong });
        }

        bool hasOutput = assignment.Train.Output is not null || done.Steps < assignment.Train.Steps;
        completion = completion with
        {
            Outcome = CompletionOutcome.Succeeded,
            Metrics = done.Metrics.Count == 0 ? null : done.Metrics,
            Validations = done.Validations.Count == 0 ? null : done.Validations,
            Series = series is null ? null : Encoding.UTF8.GetString(series),
            Checkpoint = hasOutput ? new BlobReference(done.Checkpoint!.Sha256, done.Checkpoint.Bytes) : null,
        };
        if (completion.Checkpoint is { } blob && !BlobReference.IsAddress(blob.Sha256))
        {
            var failure = new SegmentFailure("protocol", $"`done` names a checkpoint with SHA-256 `{blob.Sha256}`: 64 lower-case digits.");
            return new(completion with { Outcome = CompletionOutcome.Failed, Failure = failure, Checkpoint = null });
        }

        return new(completion, hasOutput ? assignment.Output.Path : null);
    }

    /// <summary>Takes the file away, read or not.</summary>
    private static byte[] ReadSeries(string path, bool wanted)
    {
        try
        {
            return wanted && File.Exists(path) ? File.ReadAllBytes(path) : [];
        }
        finally
        {
            DurableFile.DeleteQuietly(path);
        }
    }

    private FinishedSegment Failed(HeldLease held, string kind, string message, bool workerFault) =>
        new(new Completion
        {
            Token = held.Lease.Token,
            Outcome = CompletionOutcome.Failed,
            Steps = 0,
            Failure = new SegmentFailure(kind, message, WorkerFault: workerFault),
            Seconds = Seconds(held, null),
        });

    private LeaseSeconds Seconds(HeldLease held, SegmentSeconds? trainer) =>
        new(trainer?.Training ?? 0, trainer?.Evaluation ?? 0, trainer?.Checkpoint ?? 0,
            held.BegunAt is { } begun ? time.GetElapsedTime(begun).TotalSeconds : 0);
}
