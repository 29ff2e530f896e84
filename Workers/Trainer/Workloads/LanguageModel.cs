using Orchestrator.Workers.Trainer.Data;
using Orchestrator.Workers.Trainer.Models;

namespace Orchestrator.Workers.Trainer.Workloads;

/// <summary>The next byte of a text.</summary>
internal sealed class LanguageModel : IWorkload
{
    private const int Bytes = 256;

    /// <inheritdoc/>
    public string Name => "language-model";

    /// <inheritdoc/>
    public IReadOnlyList<SettingDefinition> Settings { get; } =
    [
        new DataSetSetting("dataset", "Name of a folder that holds UTF-8 text (*.txt)."),
        new ChoiceSetting("model", "transformer: causal, pre-norm.", "transformer", ["transformer"]),
        new IntegerSetting("context", "Bytes that a prediction may look at.", 64, 1, 4096),
        new IntegerSetting("width", "Width of the residual stream, a multiple of heads.", 96, 1, 4096),
        new IntegerSetting("layers", "Layers.", 4, 1, 64),
        new IntegerSetting("heads", "Attention heads of a layer.", 4, 1, 64),
        new IntegerSetting("batchSize", "Windows of a step.", 8, 1, 4096),
        .. OptimizerSettings.Definitions(optimizer: "adamw", beta2: 0.95),
    ];

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } =
        ["validation_loss", "validation_bits_per_byte", "test_loss", "test_bits_per_byte"];

    /// <inheritdoc/>
    public ITrainingRun Open(SettingValues settings, OpenContext context)
    {
        var (width, heads) = (settings.Integer("width"), settings.Integer("heads"));
        if (width % heads != 0)
        {
            throw TrainerException.BadInput($"settings: `width` {width} is no multiple of `heads` {heads}");
        }

        var name = settings.Text("dataset");
        var set = context.Data.Find(name) as TextDataSet
            ?? throw TrainerException.BadInput($"data set `{name}` is images; {Name} needs text");
        var length = settings.Integer("context");
        var samples = new TextSamples(
            new TextSplits(name, set.Load(), length), context.Seed, settings.Integer("batchSize"), length);
        return TorchRuns.Open(new Transformer(Bytes, length, width, settings.Integer("layers"), heads), samples, settings, context);
    }
}
