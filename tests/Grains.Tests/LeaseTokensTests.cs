using CsCheck;
using Orchestrator.Grains.Pools;

namespace Orchestrator.Grains.Tests;

public sealed class LeaseTokensTests
{
    private static readonly LeaseTokens Tokens = new(new byte[32]);

    [Fact]
    public void What_was_signed_is_read_back()
    {
        var claims = new LeaseClaims("j1", 7, LeaseTokens.NewLease(), "worker");
        Assert.True(Tokens.TryRead(Tokens.Sign(claims), out LeaseClaims? read));
        Assert.Equal(claims, read);
    }

    [Fact]
    public void Another_secret_signs_nothing_here()
    {
        string foreign = new LeaseTokens([.. Enumerable.Repeat((byte)1, 32)]).Sign(new LeaseClaims("j1", 7, "l", "w"));
        Assert.False(Tokens.TryRead(foreign, out _));
    }

    [Fact]
    public void Any_text_is_refused_without_an_exception() =>
        Gen.String.Sample(text => !Tokens.TryRead(text, out _));

    [Fact]
    public void A_token_with_one_character_changed_is_refused()
    {
        string token = Tokens.Sign(new LeaseClaims("j1", 7, "0123456789abcdef", "worker"));
        Gen.Int[0, token.Length - 2].Sample(at =>
        {
            char other = token[at] == 'A' ? 'B' : 'A';
            return !Tokens.TryRead(token[..at] + other + token[(at + 1)..], out _);
        });
    }
}
