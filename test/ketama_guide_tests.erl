%% The Erlang of the guide runs, block after block, each with what the ones before have bound.
-module(ketama_guide_tests).

-include_lib("eunit/include/eunit.hrl").

sharing_a_pool_test() ->
    {ok, _} = application:ensure_all_started(crypto),
    Blocks = blocks("sharing-a-pool.md"),
    ?assert(length(Blocks) >= 10),
    Bindings = lists:foldl(fun run/2, erl_eval:new_bindings(), Blocks),
    ?assertEqual([<<"10.0.0.2:11211">>], [Name || {'Down', [Name]} <- Bindings]),
    [Moved] = [Moved || {'Moved', Moved} <- Bindings],
    ?assert(abs(Moved - 0.75) < 0.001),
    [Next] = [Next || {'Next', Next} <- Bindings],
    ?assertNotEqual(<<"10.0.0.2:11211">>, Next).

run(Block, Bindings) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Block)),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    case string:find(Block, "gen_tcp:") of
        nomatch ->
            {value, _, More} = erl_eval:exprs(Expressions, Bindings),
            More;
        %% Without servers to ask, the key is where it should be.
        _ ->
            {'C', C} = lists:keyfind('C', 1, Bindings),
            erl_eval:add_binding('Found', ketama:getserver(C, <<"ketama:check">>), Bindings)
    end.

blocks(Guide) ->
    Path = filename:join([filename:dirname(?FILE), "..", "guides", Guide]),
    {ok, Text} = file:read_file(Path),
    {match, Blocks} = re:run(Text, "```erlang\n(.*?)\n```", [global, dotall, {capture, all_but_first, binary}]),
    [Block || [Block] <- Blocks].
