using System.Security.Cryptography;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Trainer.Workloads;

namespace Orchestrator.Workers.Trainer.Checkpoints;

/// <summary>
/// The bytes of a checkpoint. A run is restored from these bytes whether they come from a disk or from memory, so that
/// both give the same run.
/// </summary>
/// <param name="Bytes">The file.</param>
/// <param name="Sha256">Its SHA-256, lower-case hexadecimal.</param>
internal sealed record CheckpointImage(ArraySegment<byte> Bytes, string Sha256)
{
    /// <summary>The state of a run after <paramref name="step"/> updates.</summary>
    /// <param name="run">The model.</param>
    /// <param name="workload">Its name.</param>
    /// <param name="step">Updates made.</param>
    /// <param name="memory">Where the array for the bytes comes from.</param>
    internal static CheckpointImage Of(ITrainingRun run, string workload, long step, CheckpointMemory memory)
    {
        var layout = new List<(string, string, IReadOnlyList<long>)>();
        run.VisitState(StateAccess.Read, (name, dtype, shape, _) => layout.Add((name, dtype, shape)));
        var header = SafetensorsHeader.Create(layout, CheckpointFormat.Metadata(workload, run.Optimizer, step));
        if (header.FileLength > Array.MaxLength)
        {
            throw TrainerException.BadInput(
                $"a checkpoint of this model has {header.FileLength} bytes; at most {Array.MaxLength}. Use a smaller model");
        }

        var bytes = memory.Allocate((int)header.FileLength);
        header.ToBytes().CopyTo(bytes.AsSpan());
        var entries = header.Tensors.ToDictionary(t => t.Name);
        run.VisitState(StateAccess.Read, (name, _, _, state) => state.CopyTo(Slice(bytes, header, entries[name])));
        return new(bytes, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    /// <summary>Puts a run into this state.</summary>
    /// <exception cref="TrainerException">Bad input: it belongs to another workload, optimiser or model.</exception>
    internal void Restore(ITrainingRun run, string workload)
    {
        SafetensorsHeader header;
        try
        {
            header = SafetensorsHeader.Read(Bytes);
        }
        catch (FormatException e)
        {
            throw TrainerException.BadInput($"checkpoint {Sha256}: {e.Message}", e);
        }

        Expect(header, "format", CheckpointFormat.Format);
        Expect(header, "workload", workload);
        Expect(header, "optimizer", run.Optimizer);
        var entries = header.Tensors.ToDictionary(t => t.Name);

        // All names and shapes are checked before the first byte is overwritten.
        run.VisitState(StateAccess.Read, (name, dtype, shape, _) =>
        {
            if (!entries.Remove(name, out var entry) || entry.DType != dtype || !entry.Shape.SequenceEqual(shape))
            {
                var found = entry is null ? "it is missing" : $"found {entry.DType} [{string.Join(", ", entry.Shape)}]";
                throw TrainerException.BadInput(
                    $"checkpoint {Sha256} fits other settings: `{name}` is {dtype} [{string.Join(", ", shape)}] here, {found}");
            }
        });
        if (entries.Count > 0)
        {
            throw TrainerException.BadInput(
                $"checkpoint {Sha256} fits other settings: `{entries.Keys.First()}` is no part of this model");
        }

        entries = header.Tensors.ToDictionary(t => t.Name);
        run.VisitState(StateAccess.Write, (name, _, _, state) => Slice(Bytes, header, entries[name]).CopyTo(state));
    }

    private void Expect(SafetensorsHeader header, string key, string value)
    {
        var found = header.Metadata.GetValueOrDefault(key, "nothing");
        if (found != value)
        {
            throw TrainerException.BadInput($"checkpoint {Sha256}: its {key} is {found}, expected {value}");
        }
    }

    private static Span<byte> Slice(ArraySegment<byte> file, SafetensorsHeader header, SafetensorsEntry entry) =>
        file.AsSpan((int)(header.DataOffset + entry.Offset), (int)entry.Length);
}
