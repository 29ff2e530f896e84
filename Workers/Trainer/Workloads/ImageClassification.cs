using Orchestrator.Workers.Trainer.Data;
using Orchestrator.Workers.Trainer.Models;

namespace Orchestrator.Workers.Trainer.Workloads;

/// <summary>Classes of small grey images: digits, or any set of IDX files.</summary>
internal sealed class ImageClassification : IWorkload
{
    /// <inheritdoc/>
    public string Name => "image-classification";

    /// <inheritdoc/>
    public IReadOnlyList<SettingDefinition> Settings { get; } =
    [
        new DataSetSetting("dataset", $"Name of a folder that holds digits, or images: {DataSet.Kinds}."),
        new ChoiceSetting("model", "mlp: one hidden layer; cnn: two convolutions and a dense layer.", "mlp", ["mlp", "cnn"]),
        new IntegerSetting("hidden", "mlp: width of the hidden layer.", 256, 1, 65536),
        new IntegerSetting("batchSize", "Images of a step.", 128, 1, 65536),
        .. OptimizerSettings.Definitions(optimizer: "sgd", beta2: 0.999),
    ];

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } =
        ["validation_loss", "validation_accuracy", "test_loss", "test_accuracy"];

    /// <inheritdoc/>
    public ITrainingRun Open(SettingValues settings, OpenContext context)
    {
        var name = settings.Text("dataset");
        var set = context.Data.Find(name) as ImageDataSet
            ?? throw TrainerException.BadInput($"data set `{name}` is text; {Name} needs images");
        var splits = set.Load();
        var samples = new ImageSamples(splits, context.Seed, settings.Integer("batchSize"));
        IModel model = settings.Text("model") == "cnn"
            ? new Cnn(splits.Height, splits.Width, splits.Classes)
            : new Mlp(splits.Height * splits.Width, settings.Integer("hidden"), splits.Classes);
        return TorchRuns.Open(model, samples, settings, context);
    }
}
