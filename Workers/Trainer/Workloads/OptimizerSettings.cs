using Orchestrator.Workers.Trainer.Optimizers;
using static TorchSharp.torch;

namespace Orchestrator.Workers.Trainer.Workloads;

/// <summary>The settings that choose an optimiser, shared by the workloads on libtorch.</summary>
internal static class OptimizerSettings
{
    /// <summary>Their definitions.</summary>
    /// <param name="optimizer">Default optimiser.</param>
    /// <param name="beta2">Default β₂.</param>
    internal static IReadOnlyList<SettingDefinition> Definitions(string optimizer, double beta2) =>
    [
        new ChoiceSetting("optimizer", "How a gradient becomes an update.", optimizer, ["sgd", "adam", "adamw"]),
        new NumberSetting("momentum", "SGD: part of the last update that is kept.", 0.9) { Min = 0, Max = 1, BelowMax = true },
        new FlagSetting("nesterov", "SGD: look ahead along the momentum.", false),
        new NumberSetting("beta1", "Adam: decay of the gradient's mean.", 0.9) { Min = 0, Max = 1, BelowMax = true },
        new NumberSetting("beta2", "Adam: decay of the squared gradient's mean.", beta2) { Min = 0, Max = 1, BelowMax = true },
        new NumberSetting("epsilon", "Adam: added to the denominator.", 1e-8) { Min = 0, AboveMin = true, Max = 1 },
        new NumberSetting("weightDecay", "Of all parameters; added to the gradient (sgd, adam), or decoupled (adamw).", 0)
        {
            Min = 0,
            Max = 100,
        },
    ];

    /// <summary>Makes the optimiser of some flat parameters.</summary>
    internal static IOptimizer Create(SettingValues settings, Tensor parameters) => settings.Text("optimizer") switch
    {
        "sgd" => new Sgd(
            parameters, settings.Number("momentum"), settings.Flag("nesterov"), settings.Number("weightDecay")),
        var name => new Adam(
            parameters, settings.Number("beta1"), settings.Number("beta2"), settings.Number("epsilon"),
            settings.Number("weightDecay"), decoupled: name == "adamw"),
    };
}
