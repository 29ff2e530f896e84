using System.Text.Json.Nodes;
using CsCheck;
using Orchestrator.Contracts.Leases;

namespace Orchestrator.Contracts.Tests.Leases;

public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{ "b": 1, "a": [ 1.0, 2.5e-3, "x" ] }""", """{"a":[1,0.0025,"x"],"b":1}""")]
    [InlineData("""{ "a": null, "b": true }""", """{"b":true}""")]
    [InlineData("""[ null ]""", """[null]""")]
    [InlineData("""{ "é": "ü/<" }""", """{"é":"ü/<"}""")]
    public void Equal_values_have_one_text(string text, string canonical) =>
        Assert.Equal(canonical, CanonicalJson.WriteText(JsonNode.Parse(text)));

    [Fact]
    public void The_order_of_members_makes_no_difference() =>
        Gen.Dictionary(Gen.String.AlphaNumeric, Gen.Double.Where(double.IsFinite)).Sample(members =>
        {
            var forward = new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value)));
            var backward = new JsonObject(members.Reverse().Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value)));
            return CanonicalJson.WriteText(forward) == CanonicalJson.WriteText(backward);
        });

    [Fact]
    public void A_double_comes_back_bit_for_bit() =>
        Gen.Double.Where(value => double.IsFinite(value) && (value != 0 || !double.IsNegative(value))).Sample(value =>
            JsonNode.Parse(CanonicalJson.WriteText(JsonValue.Create(value)))!.GetValue<double>().Equals(value));
}
