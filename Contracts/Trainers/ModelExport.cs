namespace Orchestrator.Contracts.Trainers;

/// <summary>Makes the user's <c>model.safetensors</c> of a checkpoint: plain PyTorch names, no optimiser state.</summary>
public static class ModelExport
{
    /// <summary>Copies the weights of a checkpoint into a file that PyTorch loads by name.</summary>
    /// <param name="checkpoint">A checkpoint of the built-in trainer; readable and seekable, at its first byte.</param>
    /// <param name="model">Receives the file.</param>
    /// <param name="provenance">Added to the metadata beside <c>format: pt</c>.</param>
    /// <exception cref="FormatException"><paramref name="checkpoint"/> is no checkpoint of the built-in trainer.</exception>
    public static void Write(Stream checkpoint, Stream model, IReadOnlyDictionary<string, string> provenance)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(provenance);
        var origin = checkpoint.Position;
        var source = SafetensorsHeader.Read(checkpoint, checkpoint.Length - origin);
        if (source.Metadata.GetValueOrDefault("format") != CheckpointFormat.Format)
        {
            throw new FormatException($"no checkpoint: its metadata lack `format: {CheckpointFormat.Format}`");
        }

        var weights = source.Tensors.Where(t => t.Name.StartsWith(CheckpointFormat.ModelPrefix, StringComparison.Ordinal))
            .ToDictionary(t => t.Name[CheckpointFormat.ModelPrefix.Length..]);
        var metadata = new Dictionary<string, string>(provenance) { ["format"] = "pt" };
        var target = SafetensorsHeader.Create(weights.Select(w => (w.Key, w.Value.DType, w.Value.Shape)), metadata);
        model.Write(target.ToBytes());
        var buffer = new byte[1 << 16];
        foreach (var tensor in target.Tensors)
        {
            checkpoint.Position = origin + source.DataOffset + weights[tensor.Name].Offset;
            for (var left = tensor.Length; left > 0;)
            {
                var read = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
                checkpoint.ReadExactly(read);
                model.Write(read);
                left -= read.Length;
            }
        }
    }
}
