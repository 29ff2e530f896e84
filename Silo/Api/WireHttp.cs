using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Contracts;

namespace Orchestrator.Silo.Api;

/// <summary>Makes HTTP speak as <see cref="WireJson"/> does.</summary>
internal static class WireHttp
{
    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = WireJson.Options.PropertyNamingPolicy;
        options.DefaultIgnoreCondition = WireJson.Options.DefaultIgnoreCondition;
        options.NumberHandling = WireJson.Options.NumberHandling;
        options.Encoder = WireJson.Options.Encoder;
        foreach (JsonConverter converter in WireJson.Options.Converters)
        {
            options.Converters.Add(converter);
        }
    }
}
