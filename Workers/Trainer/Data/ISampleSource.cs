namespace Orchestrator.Workers.Trainer.Data;

/// <summary>Turns steps and held-out splits into batches. It knows nothing of libtorch: it fills memory.</summary>
internal interface ISampleSource
{
    /// <summary>Samples of a training batch.</summary>
    int BatchSize { get; }

    /// <summary>Extents of one sample's input.</summary>
    long[] InputShape { get; }

    /// <summary>Whether inputs are whole numbers (64 bits), not single-precision ones.</summary>
    bool WholeNumbers { get; }

    /// <summary>Classes that one sample asks for.</summary>
    int TargetsPerSample { get; }

    /// <summary>Samples of a held-out split.</summary>
    int Count(HeldOutSplit split);

    /// <summary>Fills the batch of a step.</summary>
    void FillTraining(long step, Span<byte> input, Span<long> target);

    /// <summary>Fills samples <paramref name="first"/>, first + 1, … of a held-out split.</summary>
    void FillHeldOut(HeldOutSplit split, int first, int count, Span<byte> input, Span<long> target);

    /// <summary>The metrics of an evaluation, by name.</summary>
    /// <param name="split">The prefix of the names, such as <c>validation</c>.</param>
    /// <param name="loss">Mean loss, nats.</param>
    /// <param name="accuracy">Part of the targets that were the likeliest class.</param>
    IReadOnlyDictionary<string, double> Metrics(string split, double loss, double accuracy);
}

/// <summary>A split that is not trained on.</summary>
internal enum HeldOutSplit
{
    Validation,
    Test,
}
