%% getservers/2 and group/2: many keys in one call get the same answers as one call for each key.
-module(ketama_batch_tests).

-include_lib("eunit/include/eunit.hrl").

%% SHORT: the longest key, in bytes, that is not measured before the call. MANY: about how many keys move a call of
%% group/2 to a dirty scheduler; getservers/2 takes twice as many.
-define(SHORT, 512).
-define(MANY, 1500).

%% Sixteen keys are hashed side by side: every number of keys around multiples of it, in every mix of lengths.
every_number_of_keys_test_() ->
    {timeout, 300, fun() ->
        C = continuum(),
        [
            agree(C, [key(Salt + I, (Salt * 37 + I * 53) rem 301) || I <- lists:seq(1, N)])
         || N <- lists:seq(0, 50), Salt <- lists:seq(0, 20)
        ]
    end}.

every_length_test_() ->
    {timeout, 300, fun every_length/0}.

every_length() ->
    C = continuum(),
    [agree(C, [key(I, Length) || I <- lists:seq(1, 17)]) || Length <- lists:seq(0, 300)].

every_kind_of_key_test_() ->
    Kinds = [
        <<"user:123">>,
        "user:123",
        ["user", [$:, <<"123">>]],
        "",
        <<>>,
        <<0, 255, 128>>,
        key(1, ?SHORT),
        key(2, ?SHORT + 1),
        binary_to_list(key(3, ?SHORT + 1)),
        key(4, 1 bsl 20)
    ],
    [
        {timeout, 300, fun() ->
            rand:seed(exsss, Seed),
            agree([lists:nth(rand:uniform(length(Kinds)), Kinds) || _ <- lists:seq(1, 100)])
        end}
     || Seed <- lists:seq(1, 20)
    ] ++ [{timeout, 300, ?_test(agree(lists:duplicate(40, Kind)))} || Kind <- Kinds].

%% Numbers of keys just below and above the one that moves a call to a dirty scheduler, also with an odd key among them.
many_keys_test_() ->
    {timeout, 300, fun many_keys/0}.

many_keys() ->
    [
        begin
            Keys = [integer_to_binary(I) || I <- lists:seq(1, N)],
            agree(Keys),
            agree(Keys ++ ["string"]),
            agree(Keys ++ [key(1, ?SHORT + 1) | Keys])
        end
     || N <- [?MANY - 100, ?MANY, 2 * ?MANY - 100, 2 * ?MANY + 100]
    ].

sub_binaries_test() ->
    <<_:3, Bits:64/bitstring, _/bits>> = binary:copy(<<"user:123">>, 2),
    <<_, Bytes:8/binary, _/binary>> = binary:copy(<<"user:123">>, 100),
    agree([Bits, Bytes, Bits, Bytes]).

%% A ring with far more servers than a call remembers the names of.
many_servers_test() ->
    {ok, Continuum} = ketama:new([{integer_to_binary(I), 1} || I <- lists:seq(1, 1000)]),
    agree(Continuum, [integer_to_binary(I) || I <- lists:seq(1, 5000)]).

%% A result larger than a small map, and lists of keys around the longest that stays off the heap.
groups_of_many_servers_test() ->
    {ok, Continuum} = ketama:new([integer_to_binary(I) || I <- lists:seq(1, 200)]),
    [agree(Continuum, [integer_to_binary(I) || I <- lists:seq(1, N)]) || N <- [31, 32, 33, 64, 65, 500]].

%% Two lines with one name are one server, whose keys keep their order.
servers_of_one_name_test() ->
    {ok, Continuum} = ketama:new([{"a", 1}, {"b", 1}, {"a", 3}, {"b", 2}]),
    Keys = [integer_to_binary(I) || I <- lists:seq(1, 100)],
    agree(Continuum, Keys),
    ?assertEqual([<<"a">>, <<"b">>], maps:keys(ketama:group(Continuum, Keys))).

group_keeps_keys_as_given_test() ->
    {ok, Continuum} = ketama:new([{"a", 1}]),
    Keys = ["string", <<"binary">>, ["io", [$l, <<"ist">>]], key(1, 1000), "string"],
    ?assertEqual(#{<<"a">> => Keys}, ketama:group(Continuum, Keys)),
    ?assertEqual(#{}, ketama:group(Continuum, [])).

no_keys_test_() ->
    Many = [integer_to_binary(I) || I <- lists:seq(1, 2000)],
    Odd = [key, 1, 1.5, self(), make_ref(), {}, #{}, [256], [a], <<1:7>>, ["a" | b], <<0:8001>>],
    Lists =
        [key, <<"key">>, 1, #{}, ["a" | b], [<<"a">> | <<"b">>], Many ++ tail] ++
        [Before ++ [Key | After] || Key <- Odd, Before <- [[], ["s"], Many], After <- [[], [<<"k">>]]],
    [
        [
            ?_assertError(badarg, ketama:getservers(continuum(), Keys)),
            ?_assertError(badarg, ketama:group(continuum(), Keys))
        ]
     || Keys <- Lists
    ].

no_continuum_test_() ->
    [
        [
            ?_assertError(badarg, ketama:getservers(Term, [<<"k">>])),
            ?_assertError(badarg, ketama:getservers(Term, [])),
            ?_assertError(badarg, ketama:group(Term, [<<"k">>]))
        ]
     || Term <- [make_ref(), self(), <<>>, [], atomics:new(1, [])]
    ].

agree(Keys) ->
    agree(continuum(), Keys).

agree(Continuum, Keys) ->
    Expected = [ketama:getserver(Continuum, Key) || Key <- Keys],
    ?assertEqual(Expected, ketama:getservers(Continuum, Keys)),
    ?assertEqual(ketama_test:grouped(Expected, Keys), ketama:group(Continuum, Keys)).

key(Salt, Length) ->
    binary:part(binary:copy(erlang:md5(<<Salt:32>>), Length div 16 + 1), 0, Length).

continuum() ->
    {ok, Continuum} = ketama:new(ketama_test:data("lastfm-eight.servers")),
    Continuum.
