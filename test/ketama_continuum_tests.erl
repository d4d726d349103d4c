%% new/1 and lookups: the sources of a continuum, the forms of a key, and its hash.
-module(ketama_continuum_tests).

-include_lib("eunit/include/eunit.hrl").

-define(SERVERS, [{"10.0.1.1:11211", 600}, {<<"10.0.1.2:11211">>, 300}, {["c", [$:], <<"1">>], 1}]).

continuum_is_a_reference_test() ->
    ?assert(is_reference(continuum())).

%% A path is a flat string or a binary.
sources_test() ->
    Path = ketama_test:data("lastfm-eight.servers"),
    {ok, Expected} = ketama:new(Path),
    {ok, List} = ketama:new([{S, W} || {S, W, _} <- ketama:servers(Expected)]),
    {ok, Binary} = ketama:new(unicode:characters_to_binary(Path)),
    [?assertEqual(ketama:points(Expected), ketama:points(C)) || C <- [List, Binary]].

%% A name alone has the weight 1; a list of strings is not a path.
names_alone_test() ->
    Names = ["10.0.0.1:11211", "10.0.0.2:11211", <<"10.0.0.3:11211">>, ["c", [$:], <<"1">>]],
    {ok, Weighted} = ketama:new([{Name, 1} || Name <- Names]),
    {ok, Alone} = ketama:new(Names),
    {ok, Mixed} = ketama:new([hd(Names), {lists:nth(2, Names), 1} | lists:nthtail(2, Names)]),
    [?assertEqual(ketama:points(Weighted), ketama:points(C)) || C <- [Alone, Mixed]],
    {ok, One} = ketama:new([<<"10.0.0.1:11211">>]),
    ?assertEqual([{<<"10.0.0.1:11211">>, 1, 160}], ketama:servers(One)).

unicode_path_test() ->
    ketama_test:in_folder(fun(Folder) ->
        Path = filename:join(Folder, [16#43A, 16#4E2D, $.]),
        ok = file:write_file(Path, "a\t1\nb\t0\n"),
        {error, Reason} = ketama:new(Path),
        ?assertMatch({servers_file, Path, {line, 2, zero_weight}}, Reason),
        ?assertNotEqual(nomatch, string:find(ketama:format_error(Reason), Path))
    end).

%% Terms that are no source at all raise badarg; a wrong source is an error.
badarg_test_() ->
    Sources = [
        servers, 1, 1.5, self(), make_ref(), hd(erlang:ports()), continuum(), {"a", 1}, #{},
        fun() -> ok end, <<1:7>>, [{"a", 1} | {"b", 1}], [$a | $b], "a\0b", [-1], ["a" | <<"b">>]
    ],
    [?_assertError(badarg, ketama:new(Source)) || Source <- Sources].

servers_test() ->
    Points = [length([P || {P, S} <- ketama:points(continuum()), S =:= Server])
              || Server <- [<<"10.0.1.1:11211">>, <<"10.0.1.2:11211">>, <<"c:1">>]],
    ?assertEqual([316, 156, 0], Points),
    ?assertEqual(
        [{<<"10.0.1.1:11211">>, 600, 316}, {<<"10.0.1.2:11211">>, 300, 156}, {<<"c:1">>, 1, 0}],
        ketama:servers(continuum())
    ).

points_ascend_test() ->
    Points = [Point || {Point, _} <- ketama:points(continuum())],
    ?assertEqual(lists:sort(Points), Points).

%% RFC 1321: MD5("") = d41d8cd9..., MD5("abc") = 90015098...
hash_test() ->
    ?assertEqual(16#d98c1dd4, ketama:hash("")),
    ?assertEqual(16#98500190, ketama:hash(["a", <<"bc">>])).

any_iodata_is_a_key_test() ->
    Same = [<<"user:123">>, "user:123", ["user", [$:, <<"12">>] | <<"3">>]],
    [_] = lists:usort([ketama:getserver(continuum(), Key) || Key <- Same]),
    ?assertEqual(ketama:getserver(continuum(), <<>>), ketama:getserver(continuum(), [])).

no_other_term_is_a_key_test_() ->
    Keys = [key, 1, 1.5, self(), make_ref(), {}, #{}, [256], [a], [-1], <<1:7>>, ["a" | b], [<<1:1>>]],
    [?_assertError(badarg, ketama:getserver(continuum(), Key)) || Key <- Keys] ++
        [?_assertError(badarg, ketama:hash(Key)) || Key <- Keys].

no_other_term_is_a_continuum_test_() ->
    Long = binary:copy(<<"k">>, 10000),
    [
        [
            ?_assertError(badarg, ketama:getserver(Term, <<"k">>)),
            ?_assertError(badarg, ketama:getserver(Term, Long)),
            ?_assertError(badarg, ketama:servers(Term)),
            ?_assertError(badarg, ketama:points(Term))
        ]
     || Term <- [make_ref(), self(), <<>>, [], 1, atomics:new(1, [])]
    ].

%% Bytes above 127, NUL, and every length around those at which the hashing takes another path.
every_byte_counts_test_() ->
    {timeout, 300, fun every_byte_counts/0}.

every_byte_counts() ->
    Servers = [{<<"s", (integer_to_binary(I))/binary>>, 100} || I <- lists:seq(1, 50)],
    {ok, Continuum} = ketama:new(Servers),
    Oracle = ketama_oracle:new(Servers),
    Lengths = lists:seq(0, 300) ++ [511, 512, 513, 4095, 4096, 4097, 3 bsl 20],
    Patterns = [<<0>>, <<255>>, <<"a\0b">>, <<200, 10, 13, 32>>],
    [
        begin
            Key = binary:part(binary:copy(Pattern, Length), 0, Length),
            Expected = ketama_oracle:getserver(Oracle, Key),
            ?assertEqual({Length, Expected}, {Length, ketama:getserver(Continuum, Key)}),
            ?assertEqual({Length, Expected}, {Length, ketama:getserver(Continuum, [Key])})
        end
     || Length <- Lengths, Pattern <- Patterns
    ].

%% A part of a binary is a key like any other.
sub_binary_test() ->
    <<_:3, Bits:64/bitstring, _/bits>> = binary:copy(<<"user:123">>, 2),
    <<_, Bytes:8/binary, _/binary>> = binary:copy(<<"user:123">>, 100),
    [
        ?assertEqual(
            ketama:getserver(continuum(), binary_to_list(Key)), ketama:getserver(continuum(), Key)
        )
     || Key <- [Bits, Bytes]
    ].

continuum() ->
    {ok, Continuum} = ketama:new(?SERVERS),
    Continuum.
