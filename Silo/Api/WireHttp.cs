using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Orchestrator.Contracts;

namespace Orchestrator.Silo.Api;

/// <summary>
/// Makes HTTP speak as <see cref="WireJson"/> does, and take nothing on trust: a field that a message must have may not
/// be missing or null, and numbers are finite (1e999 reads as infinity), or nobody further in could rely on either.
/// </summary>
internal static class WireHttp
{
    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = WireJson.Options.PropertyNamingPolicy;
        options.DefaultIgnoreCondition = WireJson.Options.DefaultIgnoreCondition;
        options.NumberHandling = WireJson.Options.NumberHandling;
        options.Encoder = WireJson.Options.Encoder;
        options.RespectNullableAnnotations = true;
        options.TypeInfoResolver = (options.TypeInfoResolver ?? new DefaultJsonTypeInfoResolver()).WithAddedModifier(Require);
        options.Converters.Add(new FiniteNumberConverter());
        foreach (JsonConverter converter in WireJson.Options.Converters)
        {
            options.Converters.Add(converter);
        }
    }

    /// <summary>What may not be null may not be missing either; what may, is null when it is missing.</summary>
    private static void Require(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            property.IsRequired |= property.AssociatedParameter is { HasDefaultValue: false, IsNullable: false };
        }
    }
}
